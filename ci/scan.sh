#!/usr/bin/env bash
# Scans for a CI service and writes the report where the service reads it. All input comes in variables, none as code:
#   PERFAUDIT_PATHS     paths, one a line; none is the current folder
#   PERFAUDIT_FAIL_ON   p0, p1, p2, p3 or never
#   PERFAUDIT_BASELINE  a baseline file
#   PERFAUDIT_SINCE     a git revision to compare with, where there is no baseline
#   PERFAUDIT_FORMAT    the format of the second report, and
#   PERFAUDIT_OUTPUT    its file; without one, only the first report is written, to standard output
#   PERFAUDIT_FIRST     the format of the first report
#   PERFAUDIT_COMMENT   a file for the text of a comment on the pull request
#   PERFAUDIT_BINARY    the perfaudit to run; without one, that of PATH, unless it lies in the checkout or the current folder
set -euo pipefail
# shellcheck source=ci/path.sh
. "${BASH_SOURCE[0]%/*}/path.sh"

# A link in a folder of PATH can lead into the checkout, where whoever opens a pull request says what runs.
perfaudit=${PERFAUDIT_BINARY:-}
if [ -z "$perfaudit" ]; then
  found=$(type -P perfaudit || true)
  if [ -n "$found" ] && found=$(resolved "$found") && ! is_of_checkout "$found"; then perfaudit=$found; fi
fi
if [ -z "$perfaudit" ]; then
  echo "ci/scan.sh: no perfaudit on PATH outside of the checkout; install it, or name it in PERFAUDIT_BINARY" >&2
  exit 2
fi

paths=()
while IFS= read -r path; do
  path=${path%$'\r'}
  [ -z "$path" ] || paths+=("$path")
done <<<"${PERFAUDIT_PATHS:-.}"
[ "${#paths[@]}" -gt 0 ] || paths=(.)

common=()
if [ -n "${PERFAUDIT_BASELINE:-}" ]; then
  common+=("--baseline=$PERFAUDIT_BASELINE")
elif [ -n "${PERFAUDIT_SINCE:-}" ]; then
  common+=("--since=$PERFAUDIT_SINCE")
fi

# scan ARGUMENT…; old shells take an empty list for an unset variable.
scan() {
  "$perfaudit" scan ${common[@]+"${common[@]}"} "$@" -- "${paths[@]}"
}

# The file first: it must be there when the scan that decides ends with 1.
if [ -n "${PERFAUDIT_OUTPUT:-}" ]; then
  scan --fail-on=never --format="${PERFAUDIT_FORMAT:-sarif}" --output="$PERFAUDIT_OUTPUT"
fi
# For people, beside the job and below the pull request. It says whether the scan fails; the last one decides.
if [ -n "${GITHUB_STEP_SUMMARY:-}${PERFAUDIT_COMMENT:-}" ]; then
  text=$(mktemp)
  trap 'rm -f "$text"' EXIT
  scan --fail-on="${PERFAUDIT_FAIL_ON:-p0}" --format=pr >"$text" || [ $? -eq 1 ]
  [ -z "${GITHUB_STEP_SUMMARY:-}" ] || cat "$text" >>"$GITHUB_STEP_SUMMARY"
  [ -z "${PERFAUDIT_COMMENT:-}" ] || cat "$text" >"$PERFAUDIT_COMMENT"
fi
scan --fail-on="${PERFAUDIT_FAIL_ON:-p0}" --format="${PERFAUDIT_FIRST:-table}"
