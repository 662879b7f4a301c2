//! Frappe: its document API and its query builder.

pub mod queries;
