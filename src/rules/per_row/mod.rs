//! What runs once a row: `n-plus-one` and `unbatched-write`.

pub mod admin;
pub mod components;
pub mod hooks;
pub mod n_plus_one;
pub mod report;
pub mod response;
pub mod serializer;
pub mod template;
pub mod unbatched_write;
