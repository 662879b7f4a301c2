#!/usr/bin/env bash
# Publishes the npm packages: those of platforms first, so that the one of people never lacks one. What is there already is left.
#   packaging/publish-npm.sh FOLDER
# Runs in the release workflow alone: npm takes its identity, and proves the origin.
set -euo pipefail
cd "${1:?a folder of packages}"
for package in perfaudit-* perfaudit; do
  name=$(node -p "require('./$package/package.json').name")
  version=$(node -p "require('./$package/package.json').version")
  if [ -n "$(npm view "$name@$version" version 2>/dev/null)" ]; then
    echo "$name $version is there"
  else
    (cd "$package" && npm publish --access public --provenance)
  fi
done
