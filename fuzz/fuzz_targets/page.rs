//! Rule pages, which users may bring.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perfaudit::engine::page::Page;

fuzz_target!(|text: &str| {
    let _ = Page::parse("n-plus-one", text);
});
