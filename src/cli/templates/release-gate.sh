#!/bin/sh
# Scans this repository and asks countersign for a decision: sh release-gate.sh [OPTIONS OF `countersign check`]
# Exit codes are those of check: 0 pass, 1 block, 2, 3 or 4 no decision. A scan that did not run is no decision.
set -eu

need() {
  command -v "$1" > /dev/null || { echo "error: $1 is not installed; without it there is no decision" >&2; exit 3; }
}

# A scanner may end with 1 because it found something, which is for the gate to judge. Anything else is a scan that failed.
found() {
  [ "$2" -eq 1 ] || { echo "error: $1 failed with exit code $2" >&2; exit 3; }
}

need countersign
rm -rf reports receipts
mkdir reports receipts

@scans

countersign check reports/@receipts \
  --evidence evidence --output human --output json=decision.json "$@"
