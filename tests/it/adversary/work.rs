//! What a command says that it has done, held against the bytes that it was given.

/// The argument with which a command says what it has done.
pub const TOLD_BY: &str = "--timings";

/// The looks of a run, from what it wrote to standard error; `None` of a build that counts none.
fn looks(stderr: &str) -> Option<u64> {
    let line = stderr.lines().find(|line| line.contains(" looks, "))?;
    line.split(' ').next()?.parse().ok()
}

/// Holds that a run which was told [`TOLD_BY`] looked at something at most so many times for each byte that it was given.
pub fn assert_bounded(stderr: &str, bytes: usize, most_a_byte: u64) {
    let looks = looks(stderr).unwrap_or_default();
    // Builds without debug assertions count nothing.
    assert!(looks > 0 || !cfg!(debug_assertions), "{stderr}");
    assert!(
        looks <= most_a_byte * bytes as u64,
        "{looks} looks at {bytes} bytes: {}",
        looks / bytes as u64
    );
}
