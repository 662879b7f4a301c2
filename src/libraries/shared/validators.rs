//! What validators do with a value.

/// Whether a method of a Zod schema may bound a number.
pub fn may_bound(method: &str) -> bool {
    matches!(method, "max" | "lte" | "lt" | "refine" | "transform" | "pipe")
}
