#!/usr/bin/env bash
# Fills fuzz/corpus from the fixtures and the rule pages, so that the fuzzer starts from what real input looks like.
set -euo pipefail
cd "$(dirname "$0")/.."

# seed TARGET PATTERN…: copies what matches into the target's corpus, named by its content.
seed() {
  local target=$1 pattern file
  shift
  mkdir -p "fuzz/corpus/$target"
  for pattern in "$@"; do
    find fixtures rules -type f -name "$pattern" -print0 | while IFS= read -r -d '' file; do
      cp "$file" "fuzz/corpus/$target/$(sha1sum <"$file" | cut -c1-16)"
    done
  done
}

seed python '*.py'
seed typescript '*.ts' '*.tsx' '*.js' '*.svelte' '*.vue'
seed sql '*.sql'
seed prisma '*.prisma'
seed graphql '*.graphql'
seed settings '*.yml' '*.yaml' '*.conf' 'Dockerfile' '*.json' '.env.example'
seed config '*.toml'
seed page '*.md'
seed library '*.toml'
seed migrations '*.sql' '*.prisma' '0*.py'
seed project '*.py' '*.ts' '*.tsx'

# Projects of several files: of each fixture a file of each kind, in the order of the target's places, cut at byte 1.
for folder in fixtures/*/; do
  for name in main.py models.py '*.ts' '*.tsx' '*.sql' '*.prisma' '*compose*.yml' '*.html' views.py urls.py 'task*.py' '*service*.ts' \
    '*route*' '*.vue' pyproject.toml package.json; do
    file=$(find "$folder" -type f -name "$name" | sort | head -n 1)
    [ -z "$file" ] || head -c 6000 "$file"
    printf '\001'
  done >"fuzz/corpus/project/fixture-$(basename "$folder")"
done

# Deep indentation, which no fixture has and no mutation finds.
for depth in 100 370 600; do
  pad=""
  for _ in $(seq "$depth"); do
    printf '%sif x:\n' "$pad"
    pad+=" "
  done >"fuzz/corpus/python/deep-$depth"
done
