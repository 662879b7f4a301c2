//! Files that say what libraries do, which users may bring, and code that asks what they say.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perfaudit::ir::Language;
use perfaudit::libraries::shared::effects::LibraryData;

fuzz_target!(|text: &str| {
    for language in Language::ALL {
        let mut data = LibraryData::clone(&LibraryData::built_in());
        if let Err(mistake) = data.add_own(language, text) {
            // A carriage return ends a line here, as in an editor.
            let lines = text.split(['\n', '\r']).count();
            assert!(mistake.line as usize <= lines, "{mistake:?}");
        }
    }
});
