# shellcheck shell=bash
# The component and the pipeline of docs/ci/gitlab.md, in gitlab-ci-local, with the real gate and stand-ins for the scanners
# and GitLab's API. Sourced by run.sh.

lab="$work/gitlab"
mkdir -p "$lab/bin" "$lab/api"
ln -sf "$binary" "$lab/bin/countersign"
cp "$hub/bin/scanner" "$lab/bin/"
for tool in semgrep gitleaks cargo-audit; do ln -sf scanner "$lab/bin/$tool"; done
cat > "$lab/bin/curl" <<'CURL'
#!/usr/bin/env bash
set -e
case "${*: -1}" in
  */merge_requests/42/approvals) cat "$API/approvals.json" ;;
  */merge_requests/42) echo '{"iid": 42, "author": {"username": "ana"}}' ;;
  */repository/commits/*/merge_requests) echo '[{"iid": 42}]' ;;
  *) exit 22 ;;
esac
CURL
chmod +x "$lab/bin/curl"

# MAIN HEAD: as make_shop, for GitLab; origin is what can be fetched, clone is what the pipeline of $1 has.
make_lab() {
  rm -rf "$lab/origin"
  mkdir -p "$lab/origin"
  (
    cd "$lab/origin"
    git init -q -b main
    "$python" "$here/extract.py" "$root/docs/ci/gitlab.md" . > /dev/null
    mkdir -p ci templates
    cp -R "$root/templates/countersign" templates/
    cp "$root/docs/ci/approvals.jq" ci/
    cp "$root/fixtures/scenarios/pass/service.yaml" "$hub/gate.pub.pem" .
    # The own project's component is the only one that is resolved without a server.
    sed -i 's|\$CI_SERVER_FQDN/acme/countersign/countersign@0.1.0|$CI_SERVER_FQDN/$CI_PROJECT_PATH/countersign@$CI_COMMIT_SHA|' .gitlab-ci.yml
    printf 'service: service.yaml\n' > countersign.yaml
    printf '#!/bin/sh\ntouch "$KEEP/deployed"\n' > deploy.sh
    chmod +x deploy.sh
    printf '/.gitlab-ci-local\n/reports\n/receipts\n/evidence\n/change.json\n/countersign-*\n/countersign.env\n' > .gitignore
    eval "$1"
    git add -A
    git "${author[@]}" commit -q -m "The shop"
    git checkout -q -b show-stock
    echo "stock" > stock.txt
    eval "$2"
    git add -A
    git "${author[@]}" commit -q -m "Show the stock"
  )
  printf '{"approved_by": [{"user": {"username": "jo"}, "approved_at": "2026-11-20T10:00:00.000Z"}]}' > "$lab/api/approvals.json"
}

# BRANCH: what GitLab's runner leaves, a shallow clone with the branch alone.
lab_clone() {
  rm -rf "$lab/clone"
  git clone -q --depth=20 --single-branch -b "$1" "file://$lab/origin" "$lab/clone"
  (
    cd "$lab/clone"
    git remote set-url origin https://gitlab.com/acme/shop.git
    git config user.name Ana
    git config user.email ana@example.com
  )
}

project=acme/shop
request=(CI_PIPELINE_SOURCE=merge_request_event CI_MERGE_REQUEST_IID=42 CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main
  CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=show-stock CI_MERGE_REQUEST_PROJECT_PATH=acme/shop)

# VARIABLE=VALUE…: runs the pipeline; then $outputs, $keep and $log are about it. The exit status of gitlab-ci-local says
# nothing where a job may fail with some codes, so what counts is what it prints and what was left.
run_lab() {
  keep="$lab/keep" log="$lab/log"
  rm -rf "$keep"
  mkdir -p "$keep"
  local variables=() variable
  for variable in GITLAB_CI=true "API=$lab/api" "ROOT=$root" "KEEP=$keep" "SCANS=$scans" APPROVALS_TOKEN=none \
    GIT_CONFIG_COUNT=1 "GIT_CONFIG_KEY_0=url.file://$lab/origin.insteadOf" "GIT_CONFIG_VALUE_0=https://gitlab.com/$project.git" "$@"; do
    variables+=(--variable "$variable")
  done
  (
    cd "$lab/clone"
    git clean -ffdxq
    PATH="$lab/bin:$PATH" HOME="$lab" "$node/bin/node" "$tools/npm/node_modules/gitlab-ci-local/dist/index.js" --color=false \
      --force-shell-executor "${variables[@]}" > "$log" 2>&1
  ) || true
  outputs="$lab/clone/countersign.env"
}

# NAME DECISION EXIT STATE: what the job left, and what gitlab-ci-local says about it (PASS, WARN or FAIL).
labelled() {
  check "gitlab: $1" test "$(output COUNTERSIGN_DECISION) $(output COUNTERSIGN_EXIT_CODE) $(grep -c "^ $4 *countersign" "$log")" = "$2 $3 1"
}

kept="$lab/clone/.gitlab-ci-local/artifacts/countersign"
make_lab : :
lab_clone show-stock
scans=clean
run_lab "${request[@]}"
labelled "an approved request with clean scans" pass 0 PASS
check "gitlab: decision, report and evidence are artifacts" test -s "$kept/countersign-decision.json" -a -s "$kept/countersign-report.txt" \
  -a -s "$kept/evidence/$(output COUNTERSIGN_ID)/decision.dsse.json"
scans=shop
run_lab "${request[@]}"
labelled "a flawed service" block 1 FAIL
check "gitlab: a block leaves its artifacts" test -s "$kept/countersign-decision.json" -a -s "$kept/evidence/$(output COUNTERSIGN_ID)/decision.dsse.json"
scans=clean
echo '{"approved_by": []}' > "$lab/api/approvals.json"
run_lab "${request[@]}"
labelled "clean scans that nobody approved" block 1 FAIL

make_lab : "echo 'mode: audit' >> countersign.yaml"
lab_clone show-stock
scans=shop
run_lab "${request[@]}"
labelled "a request that asks to be audited only" block 1 FAIL
make_lab "echo 'mode: audit' >> countersign.yaml" :
lab_clone show-stock
run_lab "${request[@]}"
labelled "audit mode, as the target branch has it" block 0 PASS

warning="sed 's/^rules: .*/rules: {change\/approvals: warn}/' '$root/policies/profiles/default.yaml' > profile.yaml
  printf 'profile: profile.yaml\nfail_on: warn\n' >> countersign.yaml"
make_lab "$warning" :
echo '{"approved_by": []}' > "$lab/api/approvals.json"
lab_clone show-stock
scans=clean
run_lab "${request[@]}"
labelled "a warning is allowed to fail" warn 10 WARN

make_lab "sed -i 's|^        reports/semgrep.json|        reports/*.sarif|' .gitlab-ci.yml" :
lab_clone show-stock
run_lab "${request[@]}"
labelled "a glob without a match" error 3 FAIL

# The pipeline of a fork's own project has no branch of the project that the request goes to.
make_lab : :
lab_clone show-stock
project=upstream/shop
run_lab "${request[@]}" CI_MERGE_REQUEST_PROJECT_PATH=upstream/shop CI_MERGE_REQUEST_PROJECT_URL=https://gitlab.com/upstream/shop
labelled "a request from a fork" pass 0 PASS
project=acme/shop

# A release: signed by the gate, verified before the deployment.
lab_clone main
run_lab CI_COMMIT_REF_PROTECTED=true COUNTERSIGN_KEY="$hub/gate.pem" COUNTERSIGN_POLICY="sha256:$(printf '%064d' 0)"
labelled "the default branch" pass 0 PASS
check "gitlab: another policy than the pinned one is not deployed" test ! -e "$keep/deployed"
policy="$(output COUNTERSIGN_POLICY_DIGEST)"
run_lab CI_COMMIT_REF_PROTECTED=true COUNTERSIGN_KEY="$hub/gate.pem" COUNTERSIGN_POLICY="$policy"
check "gitlab: a signed pass is verified and deployed" test -e "$keep/deployed"
run_lab CI_COMMIT_REF_PROTECTED=true COUNTERSIGN_POLICY="$policy"
check "gitlab: an unsigned pass is not deployed" test ! -e "$keep/deployed" -a "$(output COUNTERSIGN_DECISION)" = pass
scans=shop
run_lab CI_COMMIT_REF_PROTECTED=true COUNTERSIGN_KEY="$hub/gate.pem" COUNTERSIGN_POLICY="$policy"
check "gitlab: a block is not deployed" test ! -e "$keep/deployed" -a "$(output COUNTERSIGN_DECISION)" = block
