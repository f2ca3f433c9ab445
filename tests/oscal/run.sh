#!/usr/bin/env bash
# What `releases --output oscal` writes is valid by two validators that share no code: compliance-trestle (PyPI), and ajv (npm) with
# NIST's JSON Schema of OSCAL 1.2.1 (assessment-results.schema.json, as NIST publishes it; in the public domain).
# A document that is not valid must be refused by both. Prints `N passed, N failed`; exits 1 when something failed.
#
#   tests/oscal/run.sh [BINARY]     without BINARY: target/debug/countersign, built first
set -euo pipefail
cd "$(dirname "$0")/../.."
root="$PWD"
tools="$root/target/oscal-tools"
if (( $# )); then
  binary="$(realpath "$1")"
else
  cargo build --locked --quiet
  binary="$root/target/debug/countersign"
fi
mkdir -p "$tools"
if [[ ! -x "$tools/venv/bin/trestle" ]]; then
  python3 -m venv "$tools/venv"
  "$tools/venv/bin/pip" --quiet --disable-pip-version-check install compliance-trestle==5.2.0
fi
if [[ ! -d "$tools/node_modules/ajv-formats" ]]; then
  printf '{"private":true,"type":"module"}\n' > "$tools/package.json"
  (cd "$tools" && npm install --silent --no-audit --no-fund ajv@8 ajv-formats@3)
fi
cp "$root/tests/oscal/validate.mjs" "$tools/"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

# A pass, a warning with an exception, and a block, in one log.
"$binary" key new --out gate > /dev/null
"$binary" key new --out log > /dev/null
"$binary" log new history --origin example.com/releases --key log.pem > /dev/null
for scenario in pass excepted block; do
  mapfile -t arguments < <("$tools/venv/bin/python" -c 'import sys, tomllib
print("\n".join(tomllib.load(open(sys.argv[1], "rb"))["args"]))' "$root/fixtures/scenarios/$scenario/scenario.toml")
  (cd "$root/fixtures/scenarios/$scenario" && "$binary" check "${arguments[@]}" --quiet \
    --evidence "$work/evidence" --key "$work/gate.pem" > /dev/null 2>&1) || true
done
"$binary" log append history evidence/d-* --key log.pem --gate-key gate.pub.pem > /dev/null
"$binary" releases history --log-key history/log.vkey --from 2026-10-01 --to 2026-12-31 --output oscal \
  --evidence evidence --gate-key gate.pub.pem > whole.json
# A result without the controls that were reviewed.
"$tools/venv/bin/python" -c 'import json
document = json.load(open("whole.json"))
del document["assessment-results"]["results"][0]["reviewed-controls"]
json.dump(document, open("lacking.json", "w"))'

trestle() {
  local place="$work/trestle-$1"
  mkdir "$place"
  (cd "$place" && "$tools/venv/bin/trestle" init --local && "$tools/venv/bin/trestle" import -f "../$1.json" -o period \
    && "$tools/venv/bin/trestle" validate -a) > "$place.txt" 2>&1
}
ajv() { node "$tools/validate.mjs" "$root/tests/oscal/assessment-results.schema.json" "$1.json" > "ajv-$1.txt" 2>&1; }
passed=0
failed=0
expect() {
  local name="$1" code=0
  shift
  "$@" || code=1
  if [[ "$code" == "$expected" ]]; then passed=$((passed + 1)); else
    failed=$((failed + 1))
    echo "FAILED: $name"
    tail -5 "$work"/*.txt
  fi
}
for expected in 0 1; do
  document=whole
  if [[ "$expected" == 1 ]]; then document=lacking; fi
  expect "trestle, $document" trestle "$document"
  expect "ajv, $document" ajv "$document"
done
observations="$("$tools/venv/bin/python" -c 'import json
print(len(json.load(open("whole.json"))["assessment-results"]["results"][0]["observations"]))')"
if [[ "$observations" == 3 ]]; then passed=$((passed + 1)); else
  failed=$((failed + 1))
  echo "FAILED: $observations observations of 3 decisions"
fi
echo "$passed passed, $failed failed"
(( failed == 0 ))
