#!/usr/bin/env bash
# Checks on real trees what the tests check on fixtures: SARIF, GitLab's and JUnit's reports are what their readers take, every place
# lies in its file, and the code that is shown for it stands there.
#   ci/formats.sh TREE…
set -euo pipefail
cd "$(dirname "$0")/.."
PERFAUDIT_TREES=$(printf '%s\n' "$@") cargo test --locked --test it formats_of_real_trees -- --ignored --nocapture
