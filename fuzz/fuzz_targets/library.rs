//! Files that say what libraries do, which users may bring, and code that asks what they say.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perfaudit::ir::Language;
use perfaudit::libraries::shared::effects::LibraryData;

fuzz_target!(|text: &str| {
    for language in Language::ALL {
        let mut data = LibraryData::clone(&LibraryData::built_in());
        if let Err(mistake) = data.add_own(language, text) {
            assert!(mistake.line as usize <= text.lines().count() + 1, "{mistake:?}");
        }
    }
});
