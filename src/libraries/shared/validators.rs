//! What validators do with a value.

/// Whether a function of `FastAPI` or Pydantic says what a parameter may be, with `le=` and `lt=` of a number.
pub fn declares_number(function: &str) -> bool {
    matches!(function, "Query" | "Field" | "conint")
}

/// Whether a method of a Zod schema may bound a number.
pub fn may_bound(method: &str) -> bool {
    matches!(method, "max" | "lte" | "lt" | "refine" | "transform" | "pipe")
}
