//! What an adversary would send: each attack that was ever made, and shapes that grow.

mod growth;
mod shapes;
