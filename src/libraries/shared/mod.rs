//! The vocabulary that all recognisers share: values, queries, chains, declarations, effects.

pub mod batches;
pub mod bundlers;
pub mod callbacks;
pub mod chain;
pub mod clients;
pub mod collections;
pub mod comparison;
pub mod declared;
pub mod effects;
pub mod model_classes;
pub mod objects;
pub mod pagination;
pub mod polling;
pub mod query;
pub mod query_builder;
pub mod query_hooks;
pub mod queued;
pub mod redis;
pub mod response_models;
pub mod row_methods;
pub mod sql_text;
pub mod streams;
pub mod tasks;
pub(crate) mod ts_options;
pub mod validators;
pub mod value;
