//! What an adversary may put into a repository, or beside it, and what must not come of it.

mod files;
mod git;
