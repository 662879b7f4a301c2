#!/usr/bin/env bash
# Puts together what the jobs of a release built: the files that are published with it, the npm packages, the programs for the image.
#   RUN=ID packaging/collect.sh ALL FILES
# ALL gets `npm` and `image`, FILES what is attached to the release, with checksums and the formula.
set -euo pipefail
all=${1:?a folder}
files=${2:?a folder}
mkdir -p "$all/built" "$files"
all=$(cd "$all" && pwd)
files=$(cd "$files" && pwd)
cd "$(dirname "$0")/.."

if [ -n "${RUN:-}" ]; then gh run download "$RUN" --pattern 'build-*' --dir "$all/built"; fi
find "$all/built" -type f \( -name '*.whl' -o -name 'perfaudit-*.tar.gz' -o -name 'perfaudit-*.zip' \) -exec cp {} "$files" \;

programs=()
while read -r target image; do
  found=$(find "$all/built" -type f -path "*/bin/$target/perfaudit*")
  [ -n "$found" ] || { echo "packaging: nothing was built for $target" >&2; exit 1; }
  chmod +x "$found"
  programs+=("$target=$found")
  if [ -n "$image" ]; then
    mkdir -p "$all/image/${image#linux/}"
    cp "$found" "$all/image/${image#linux/}/perfaudit"
  fi
done < <(python3 packaging/package.py targets)

python3 packaging/package.py npm "$all/npm" "${programs[@]}"
python3 packaging/package.py checksums "$files"
python3 packaging/package.py formula "$files/SHA256SUMS" "${PERFAUDIT_REPOSITORY:?is not set}" > "$files/perfaudit.rb"
