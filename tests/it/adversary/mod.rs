//! What somebody who wants to harm the user of a run would lay into a repository.

#[cfg(unix)]
mod ci;
mod lines;
