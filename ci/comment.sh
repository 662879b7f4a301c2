#!/usr/bin/env bash
# Writes a text below a pull request, in the place of the one that it wrote before. All input comes in variables, none as code:
#   PERFAUDIT_COMMENT   the file of the text; where there is none, nothing is written
#   PERFAUDIT_PULL      the number of the pull request; without one, nothing is written
#   GITHUB_REPOSITORY   owner/name of its repository
#   GH_TOKEN            a token with `pull-requests: write`; those of pull requests from forks have none, which is told and no failure
set -euo pipefail
# shellcheck source=ci/path.sh
. "${BASH_SOURCE[0]%/*}/path.sh"

[[ ${PERFAUDIT_PULL:-} =~ ^[0-9]+$ ]] && [ -s "${PERFAUDIT_COMMENT:-}" ] || exit 0
# gh reads settings of a repository, and there is none to read here.
file=$(cd "$(dirname "$PERFAUDIT_COMMENT")" && pwd)/$(basename "$PERFAUDIT_COMMENT")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mark='<!-- perfaudit -->'
{ echo "$mark"; cat "$file"; } >body.md

comments="repos/$GITHUB_REPOSITORY/issues/$PERFAUDIT_PULL/comments"
# Its own, and no comment of somebody who copied the mark.
own='.[] | select(.user.login == "github-actions[bot]" and (.body | startswith("'"$mark"'"))) | .id'
write() {
  local ids id
  ids=$(gh api --paginate "$comments" --jq "$own") || return 1
  id=${ids%%$'\n'*}
  if [ -n "$id" ]; then
    gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" --field body=@body.md
  else
    gh api --silent --method POST "$comments" --field body=@body.md
  fi
}
write || echo "perfaudit: the comment could not be written; it needs the permission pull-requests: write" >&2
