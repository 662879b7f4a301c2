//! What is known about libraries: one file an ORM or framework, and the facts they add to.
pub mod facts;
