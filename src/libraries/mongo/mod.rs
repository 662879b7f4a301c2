//! `MongoDB`: Mongoose, `PyMongo` and what follows it, and the operators that they share.

pub mod kept;
pub mod models;
pub mod mongoose;
pub mod operators;
pub mod pymongo;
pub mod schema;
