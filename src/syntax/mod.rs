//! Front ends: bytes to the neutral module, to statements and to schema changes.
pub mod prisma;
pub mod sql;
