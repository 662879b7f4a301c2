#!/usr/bin/env bash
# Installs each package into an empty environment, uses it as people do, and removes it: the main job, exit codes, what is left.
#
#   packaging/try.sh                       builds the packages of this machine's platform first, into target/packages
#   packaging/try.sh --built DIR TARGET    takes those that packaging/build.sh made
#
# Needs Python 3.11 and Node.js; nothing is taken from a registry but what builds the wheel. Prints a table of sizes and of the seconds from
# nothing to the first finding.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT

if [ "${1:-}" = --built ]; then
  built=$(cd "$2" && pwd)
  target=$3
else
  target=$(rustc -vV | sed -n 's/^host: //p')
  built=$root/target/packages
  mkdir -p "$built"
  python3 -m venv "$work/tools"
  "$work/tools/bin/pip" install --quiet --disable-pip-version-check --requirement packaging/requirements.txt
  PATH="$work/tools/bin:$PATH" packaging/build.sh "$target" "$built"
fi
case $target in
  *windows*) scripts=Scripts exe=.exe archive=zip ;;
  *) scripts=bin exe='' archive=tar.gz ;;
esac
version=$(python3 packaging/package.py version)
name=perfaudit-$version-$target
wheel=$(echo "$built/perfaudit-$version"-*.whl)
project=$work/project
cp -r fixtures/shop-fastapi "$project"
export PERFAUDIT_CACHE_DIR=$work/facts

fail() {
  echo "packaging: $*" >&2
  exit 1
}

seconds() {
  python3 -c 'import sys; print(f"{float(sys.argv[2]) - float(sys.argv[1]):.2f}")' "$1" "$2"
}

now() {
  python3 -c 'import time; print(time.time())'
}

# uses WORD…: runs the program in the project as people do; it must find what is there, and end as it says.
uses() {
  (
    cd "$project"
    "$@" scan . --format concise | grep n-plus-one >"$work/found" || fail "$1 finds nothing"
    for expected in 0 1 2; do
      case $expected in
        0) words=(--fail-on=p0) ;;
        1) words=(--fail-on=p2) ;;
        2) words=(no-such-folder) ;;
      esac
      code=0
      "$@" scan "${words[@]}" >/dev/null 2>&1 || code=$?
      [ "$code" = "$expected" ] || fail "$1 ends with $code, not $expected"
    done
  )
}

rows=()
# row NAME SECONDS FILE: a line of the table.
row() {
  rows+=("$(printf '%-10s %8s %10s  %s' "$1" "$2" "$(wc -c <"$3" | python3 -c 'print(f"{int(input()) / 1e6:.1f} MB")')" "$(basename "$3")")")
}

# The wheel.
start=$(now)
python3 -m venv "$work/env"
"$work/env/$scripts/pip" install --quiet --disable-pip-version-check --no-index --no-deps "$wheel"
(cd "$project" && "$work/env/$scripts/perfaudit" scan . --format concise >/dev/null)
row wheel "$(seconds "$start" "$(now)")" "$wheel"
uses "$work/env/$scripts/perfaudit$exe"
uses "$work/env/$scripts/python" -m perfaudit
(cd "$work" && "env/$scripts/python" -m unittest discover -s "$root/python/tests" -p 'test_scan.py')
[ "$("$work/env/$scripts/perfaudit" --version)" = "perfaudit $version" ] || fail "the wheel has another version"
"$work/env/$scripts/pip" install --quiet --disable-pip-version-check --no-index --no-deps --target "$work/aside" "$wheel"
(cd "$project" && PYTHONPATH="$work/aside" python3 -c 'import perfaudit; assert perfaudit.scan(".").findings')
"$work/env/$scripts/pip" uninstall --quiet --yes perfaudit
left=$(find "$work/env" -iname '*perfaudit*')
[ -z "$left" ] || fail "the wheel leaves $left"

# The npm packages, from a registry of our own that has them alone.
others=()
while read -r other _; do
  if [ "$other" = "$target" ]; then others+=("$other=$built/bin/$target/perfaudit$exe"); else others+=("$other=$root/LICENSE"); fi
done < <(python3 packaging/package.py targets | tr -d '\r')
mkdir -p "$work/packed"
python3 packaging/package.py npm "$work/npm" "${others[@]}" >/dev/null
for folder in "$work"/npm/*; do (cd "$folder" && npm pack --silent --pack-destination "$work/packed" >/dev/null); done
node packaging/npm/registry.mjs "$work/packed" >"$work/registry" &
server=$!
for _ in $(seq 100); do if [ -s "$work/registry" ]; then break; fi; sleep 0.1; done
export npm_config_registry npm_config_cache=$work/npm-cache npm_config_update_notifier=false npm_config_audit=false npm_config_fund=false
npm_config_registry=$(cat "$work/registry")
mkdir -p "$work/node"
start=$(now)
(cd "$project" && npx --yes perfaudit scan . --format concise >/dev/null)
found=$(seconds "$start" "$(now)")
(cd "$work/node" && npm init --yes >/dev/null && npm install --silent perfaudit)
[ "$(find "$work/node/node_modules/@perfaudit" -mindepth 1 -maxdepth 1 | wc -l)" -eq 1 ] || fail "npm installs other platforms' programs"
uses node "$work/node/node_modules/perfaudit/bin/perfaudit.js"
row npm "$found" "$(find "$work/packed" -name 'perfaudit-*-*.tgz' -size +1M)"
(cd "$work/node" && npm uninstall --silent perfaudit)
# npm leaves the folder of the scope, which is empty.
left=$(find "$work/node" -type f -path '*/node_modules/*perfaudit*')
[ -z "$left" ] || fail "npm leaves $left"
case $target in
  # Its programs are shell scripts.
  *windows*) ;;
  *) node --test packaging/npm/launcher.test.mjs >"$work/launcher" || { cat "$work/launcher"; fail "the launcher"; } ;;
esac

# The archive.
start=$(now)
mkdir "$work/archive"
if [ "$archive" = zip ]; then
  (cd "$work/archive" && python3 -m zipfile -e "$built/$name.zip" .)
else
  tar -xzf "$built/$name.tar.gz" -C "$work/archive"
fi
(cd "$project" && "$work/archive/$name/perfaudit$exe" scan . --format concise >/dev/null)
row archive "$(seconds "$start" "$(now)")" "$built/$name.$archive"
uses "$work/archive/$name/perfaudit$exe"
for file in LICENSE README.md THIRD-PARTY-LICENSES.txt man/perfaudit.1 completions/perfaudit.bash completions/_perfaudit; do
  [ -s "$work/archive/$name/$file" ] || fail "the archive lacks $file"
done
if [ "$archive" = tar.gz ]; then
  bash -n "$work/archive/$name/completions/perfaudit.bash"
  python3 packaging/package.py archive "$target" "$built/bin/$target/perfaudit" "$work/again" >/dev/null
  cmp "$built/$name.tar.gz" "$work/again/$name.tar.gz" || fail "the archive has other bytes the second time"
fi

# The formula, with a checksum for each archive that it names.
mkdir "$work/sums"
while read -r other _; do
  if [ "$other" = "$target" ]; then cp "$built/$name.$archive" "$work/sums"; else touch "$work/sums/perfaudit-$version-$other.tar.gz"; fi
done < <(python3 packaging/package.py targets | tr -d '\r')
python3 packaging/package.py checksums "$work/sums"
(cd "$work/sums" && sha256sum --check --quiet SHA256SUMS)
python3 packaging/package.py formula "$work/sums/SHA256SUMS" https://host.example/owner/name >"$work/perfaudit.rb"
! grep -n '@' "$work/perfaudit.rb" || fail "the formula has holes"

# What try-image.sh takes.
case $target in
  x86_64-unknown-linux-gnu) mkdir -p "$built/image/amd64" && cp "$built/bin/$target/perfaudit" "$built/image/amd64/" ;;
esac

echo
printf '%-10s %8s %10s\n' package seconds size
printf '%s\n' "${rows[@]}"
echo "program: $(wc -c <"$built/bin/$target/perfaudit$exe") bytes"
