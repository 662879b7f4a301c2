//! `perfaudit.toml` and the table of `pyproject.toml`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perfaudit::config::Settings;

fuzz_target!(|text: &str| {
    let _ = Settings::parse("perfaudit.toml", text, false);
    let _ = Settings::parse("pyproject.toml", text, true);
});
