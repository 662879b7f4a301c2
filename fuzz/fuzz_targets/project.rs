//! Whole projects of several files, with all rules.

#![no_main]

#[path = "../shared.rs"]
mod shared;

use libfuzzer_sys::fuzz_target;

/// Where each part of the input goes; the parts are cut at byte 1.
const PLACES: [&str; 16] = [
    "app/main.py",
    "app/models.py",
    "src/index.ts",
    "src/page.tsx",
    "db/schema.sql",
    "schema.prisma",
    "docker-compose.yml",
    "app/templates/list.html",
    "app/views.py",
    "app/urls.py",
    "app/tasks.py",
    "src/service.ts",
    "src/routes.js",
    "web/App.vue",
    "pyproject.toml",
    "package.json",
];

fuzz_target!(|text: &str| {
    let parts = text.split('\u{1}').zip(PLACES.iter());
    shared::audit(parts.map(|(part, place)| ((*place).to_owned(), part.to_owned())).collect());
});
