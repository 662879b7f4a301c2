//! How dependency containers mark what they put in.

/// Generic types that stand around the type of what is put in: `FromDishka[Mailer]`.
pub fn is_mark(name: &str) -> bool {
    matches!(name, "FromDishka" | "FromComponent" | "Injected")
}
