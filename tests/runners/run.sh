#!/usr/bin/env bash
# Runs the GitHub action and the GitLab component in real runners: nektos/act and gitlab-ci-local, without containers.
# Installs what it needs below target/runners. Prints `N passed, N failed`; exits 1 when something failed.
#
#   tests/runners/run.sh [BINARY]     without BINARY: target/debug/countersign, built when it is not there
set -euo pipefail
cd "$(dirname "$0")/../.."
root="$PWD"
tools="$root/target/runners"
work="$tools/work"
here="$root/tests/runners"
rm -rf "$work"
mkdir -p "$tools" "$work"

passed=0 failed=0
# NAME COMMAND…: one test.
check() {
  local name="$1"
  shift
  if "$@" > "$work/check.log" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED %s\n' "$name"
    sed 's/^/    /' "$work/check.log"
    if [[ -n "${log:-}" && -f "$log" ]]; then tail -n 25 "$log" | sed 's/^/    | /'; fi
  fi
}

python="$tools/venv/bin/python"
if [[ ! -x "$python" ]]; then python3 -m venv "$tools/venv"; fi
"$python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
script="$("$python" "$here/extract.py" action.yml "$work/extracted")"

source "$here/script.sh"

printf '%d passed, %d failed\n' "$passed" "$failed"
test "$failed" = 0
