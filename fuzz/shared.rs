//! What the targets that audit whole projects have in common.

use perfaudit::budget::Limit;
use perfaudit::{Config, audit_texts};

/// Bounds on work that grows with more than the length of what is read. No input of a fuzzer is so long that it may reach one of them:
/// what does has made an analysis take the square of its length, or worse.
const WORK: [Limit; 5] = [
    Limit::Parsing,
    Limit::Following,
    Limit::FileSteps,
    Limit::Replay,
    Limit::BlockingCallers,
];

/// Audits files. Panics where a part of the tool fails, and where an input takes more steps than its length allows.
pub fn audit(texts: Vec<(String, String)>) {
    let config = Config {
        threads: 1,
        ..Config::default()
    };
    let Ok(report) = audit_texts(&config, texts) else { return };
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    let failed = report.coverage.notes.iter().filter(|note| note.contains("internal error"));
    assert_eq!(failed.count(), 0, "{:?}", report.coverage.notes);
    for limit in WORK {
        let reached = report.coverage.limits.get(&limit);
        assert!(reached.is_none(), "{limit:?}: {reached:?}");
    }
}
