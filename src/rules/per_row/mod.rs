//! What runs once a row: `n-plus-one` and `unbatched-write`.

pub mod n_plus_one;
pub mod unbatched_write;
