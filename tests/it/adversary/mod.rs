//! What a repository can do to who reads it: each attack by name.

mod git;
