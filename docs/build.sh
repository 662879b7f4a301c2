#!/usr/bin/env bash
# Builds the site of the documentation into target/site and checks its links. Needs Python 3.11, and Rust for mdBook where there is none on PATH.
set -euo pipefail
cd "$(dirname "$0")/.."
python3 docs/assemble.py target/site-src
mdbook=$(type -P mdbook || true)
if [ -z "$mdbook" ]; then
  cargo install --locked --quiet --version 0.5.4 mdbook --no-default-features --features search --root target/mdbook
  mdbook=target/mdbook/bin/mdbook
fi
"$mdbook" build docs
python3 docs/links.py target/site
