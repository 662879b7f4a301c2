//! GraphQL documents to facts.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perfaudit::syntax::facts;
use perfaudit::walk::FileKind;

fuzz_target!(|text: &str| {
    let code = format!("const asked = gql`{text}`;");
    for (path, text) in [("shop.graphql", text), ("shop.ts", &code)] {
        if let Some(kind) = FileKind::of(path) {
            let _ = facts::extract(path, kind, text);
        }
    }
});
