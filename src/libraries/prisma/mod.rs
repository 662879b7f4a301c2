//! Prisma: queries of its client; its schema files are read in `syntax`.

pub mod queries;
