#!/usr/bin/env bash
# Builds what a release has for one platform: the wheel, the archive and the bare program.
#   packaging/build.sh TARGET OUT
# Needs Rust with the standard library of TARGET, Python 3.11 and packaging/requirements.txt.
set -euo pipefail
target=${1:?a target of packaging/platforms.json}
mkdir -p "${2:?a folder}"
out=$(cd "$2" && pwd)
cd "$(dirname "$0")/.."

words=(build --target "$target" --out "$out")
case $target in
  # Whatever Linux this is built on, it runs on those since glibc 2.17.
  *-linux-gnu) words+=(--zig --compatibility manylinux2014) ;;
esac
python3 -m maturin "${words[@]}"

name=perfaudit
case $target in *windows*) name=perfaudit.exe ;; esac
mkdir -p "$out/bin/$target"
binary=$out/bin/$target/$name
cp "target/$target/dist/$name" "$binary"

# Completions and the manual page are printed by the program, which may be for another machine than this one.
runs=$binary
if ! "$binary" --version >/dev/null 2>&1; then
  cargo build --locked
  runs=target/debug/perfaudit
fi
python3 packaging/package.py archive "$target" "$binary" "$out" --runs "$runs"
