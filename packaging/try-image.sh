#!/usr/bin/env bash
# Uses an image as people do: the main job, exit codes, not as root, a project that cannot be written.
#   packaging/try-image.sh PROGRAM IMAGE       PROGRAM is docker or podman
set -euo pipefail
program=${1:?docker or podman}
image=${2:?an image}
cd "$(dirname "$0")/.."

run() {
  "$program" run --rm --network none --read-only --tmpfs /tmp --volume "$PWD/fixtures/shop-fastapi:/src:ro" "$image" "$@"
}
code() {
  set +e
  run "$@" >/dev/null 2>&1
  echo $?
  set -e
}
expect() {
  [ "$2" = "$3" ] || { echo "packaging: $1: $2, not $3" >&2; exit 1; }
  echo "$1: $2"
}
found=$(run scan . --format concise | grep -c n-plus-one || true)
[ "$found" -gt 0 ] || { echo "packaging: the image finds nothing" >&2; exit 1; }
expect "clean" "$(code scan .)" 0
expect "found" "$(code scan . --fail-on p2)" 1
expect "failed" "$(code scan nothing-is-here)" 2
expect "user" "$("$program" image inspect --format '{{.Config.User}}' "$image")" 65532:65532
