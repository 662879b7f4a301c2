//! A run: which rules there are, what their pages say, what is reported of what they find.

pub mod baseline;
pub mod finish;
pub mod page;
pub mod pages;
pub mod places;
pub mod policy;
pub mod registry;
pub mod run;
pub mod suppress;
pub(crate) mod unused_suppression;
