//! Migrations of every kind, replayed into one schema state, with all rules on top.

#![no_main]

#[path = "../shared.rs"]
mod shared;

use libfuzzer_sys::fuzz_target;

/// Where each part of the input goes; the parts are cut at byte 1.
const PLACES: [&str; 6] = [
    "alembic/versions/1_a.py",
    "alembic/versions/2_b.py",
    "app/migrations/0001_initial.py",
    "migrations/0001_a.sql",
    "migrations/20240101_b.js",
    "prisma/schema.prisma",
];

fuzz_target!(|text: &str| {
    let parts = text.split('\u{1}').zip(PLACES.iter().cycle().enumerate());
    let texts = parts.take(12).map(|(part, (at, place))| (format!("{}/{place}", at / PLACES.len()), part.to_owned()));
    shared::audit(texts.collect());
});
