#!/usr/bin/env bash
# Scans for a CI service and writes the report where the service reads it. All input comes in variables, none as code:
#   PERFAUDIT_PATHS     paths, one a line; none is the current folder
#   PERFAUDIT_FAIL_ON   p0, p1, p2, p3 or never
#   PERFAUDIT_BASELINE  a baseline file
#   PERFAUDIT_SINCE     a git revision to compare with, where there is no baseline
#   PERFAUDIT_FORMAT    the format of the second report, and
#   PERFAUDIT_OUTPUT    its file; without one, only the first report is written, to standard output
#   PERFAUDIT_FIRST     the format of the first report
set -euo pipefail

paths=()
while IFS= read -r path; do
  [ -z "$path" ] || paths+=("$path")
done <<<"${PERFAUDIT_PATHS:-.}"

common=()
if [ -n "${PERFAUDIT_BASELINE:-}" ]; then
  common+=("--baseline=$PERFAUDIT_BASELINE")
elif [ -n "${PERFAUDIT_SINCE:-}" ]; then
  common+=("--since=$PERFAUDIT_SINCE")
fi

# The file first: it must be there when the scan that decides ends with 1.
if [ -n "${PERFAUDIT_OUTPUT:-}" ]; then
  perfaudit scan "${common[@]}" --fail-on=never --format="${PERFAUDIT_FORMAT:-sarif}" -o "$PERFAUDIT_OUTPUT" -- "${paths[@]}"
fi
perfaudit scan "${common[@]}" --fail-on="${PERFAUDIT_FAIL_ON:-p0}" --format="${PERFAUDIT_FIRST:-table}" -- "${paths[@]}"
