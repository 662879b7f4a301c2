//! Settings of servers, services and toolchains to facts.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perfaudit::syntax::facts;
use perfaudit::walk::FileKind;

fuzz_target!(|text: &str| {
    for path in ["docker-compose.yml", "Dockerfile", "redis.conf", "postgresql.conf", "nginx.conf", "Procfile", ".env.example", "package.json", "tsconfig.json", "app.yaml"] {
        if let Some(kind) = FileKind::of(path) {
            let _ = facts::extract(path, kind, text);
        }
    }
});
