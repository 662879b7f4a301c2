//! TypeScript, JSX and component files to facts.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perfaudit::syntax::facts;
use perfaudit::walk::FileKind;

fuzz_target!(|text: &str| {
    for path in ["a.ts", "a.tsx", "a.svelte"] {
        if let Some(kind) = FileKind::of(path) {
            let _ = facts::extract(path, kind, text);
        }
    }
});
