//! Supabase: queries of its client.

pub mod queries;
