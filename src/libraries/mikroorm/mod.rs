//! `MikroORM`: queries; its entities are read with those of `TypeORM`.

pub mod queries;
