#!/usr/bin/env bash
# Breaks what the binary asks of the system, call by call, and looks at what is left. Installs strace and faketime where they
# are missing.
#
#   tests/faults/run.sh [BINARY]     without BINARY: target/debug/countersign, built first
#   FAULTS_EVERY=1 tests/faults/run.sh    every call; without it a sample that fits into a pipeline
set -euo pipefail
cd "$(dirname "$0")/../.."
if (( $# )); then
  binary="$(realpath "$1")"
else
  cargo build --locked --quiet
  binary="$PWD/target/debug/countersign"
fi
missing=()
for package in strace faketime git python3; do
  if ! dpkg --status "$package" > /dev/null 2>&1; then missing+=("$package"); fi
done
if (( ${#missing[@]} )); then apt-get update --quiet > /dev/null; apt-get install --yes --quiet "${missing[@]}" > /dev/null; fi
exec python3 tests/faults/run.py "$binary"
