//! Whole projects of several files, with all rules.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perfaudit::{Config, audit_texts};

/// Where each part of the input goes; the parts are cut at byte 1.
const PLACES: [&str; 8] = [
    "app/main.py",
    "app/models.py",
    "src/index.ts",
    "src/page.tsx",
    "db/schema.sql",
    "schema.prisma",
    "docker-compose.yml",
    "app/templates/list.html",
];

fuzz_target!(|text: &str| {
    let parts = text.split('\u{1}').zip(PLACES.iter());
    let texts = parts.map(|(part, place)| ((*place).to_owned(), part.to_owned())).collect();
    let config = Config { threads: 1, ..Config::default() };
    let Ok(report) = audit_texts(&config, texts) else { return };
    let failed: Vec<_> = report.coverage.notes.iter().filter(|note| note.contains("internal error")).collect();
    assert!(failed.is_empty(), "{failed:?}");
});
