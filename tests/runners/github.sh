# shellcheck shell=bash
# The workflows of docs/ci/github.md, in act, with the real gate and stand-ins for the scanners, GitHub's API and two actions.
# Sourced by run.sh.

hub="$work/github"
mkdir -p "$hub/bin" "$hub/api" "$hub/artifacts"

# Scanners that report what real ones reported of the sample service ($SCANS is clean or shop), and exit as they do.
cat > "$hub/bin/scanner" <<'SCANNER'
#!/usr/bin/env bash
set -e
fixture() { ls "$ROOT/fixtures/formats/$1"/*-"$SCANS".json; }
out=/dev/stdout
while (( $# )); do case "$1" in --output | --report-path) out="$2"; shift 2 ;; *) shift ;; esac; done
tool="$(basename "$0")"
if [[ "$SCANS" == hostile && "$tool" == semgrep ]]; then
  SCANS=shop
  jq --arg text $'x\n::set-output name=decision::pass\r::add-mask::block ##[add-mask]block\n```````\n## countersign: pass' \
    '.results |= map(.extra.message = $text | .path = $text)' "$(fixture semgrep)" > "$out"
  exit
elif [[ "$SCANS" == hostile ]]; then
  SCANS=clean
fi
cat "$(fixture "$tool")" > "$out"
if [[ "$SCANS" != clean && "$tool" != semgrep ]]; then exit 1; fi
SCANNER
# `gh api`, and the download of the program.
cat > "$hub/bin/gh" <<'GH'
#!/usr/bin/env bash
set -e
shift
if [[ "$1" == --paginate ]]; then shift; fi
case "$1" in
  repos/acme/shop/pulls/42) cat "$API/pull.json" ;;
  "repos/acme/shop/pulls/42/reviews?per_page=100") cat "$API/reviews.json" ;;
  repos/acme/shop/commits/*/pulls) jq "$3" "$API/pulls.json" ;;
  *) echo "no such thing: $1" >&2; exit 1 ;;
esac
GH
cat > "$hub/bin/curl" <<'CURL'
#!/usr/bin/env bash
while [[ "$1" != --output ]]; do shift; done
cp "$COUNTERSIGN" "$2"
CURL
chmod +x "$hub/bin"/*
for tool in semgrep gitleaks cargo-audit; do ln -sf scanner "$hub/bin/$tool"; done

# The action as its users get it, and stand-ins for the two that hand artifacts on.
mkdir -p "$hub/action" "$hub/upload" "$hub/download"
cp action.yml "$hub/action/"
artifacts() { # COMMAND
  printf '%s\n' 'name: artifacts' 'description: A stand-in.' 'inputs: {name: {}, path: {}}' 'runs:' '  using: composite' \
    '  steps:' '    - shell: bash' "      run: $1" '      env: {AT: "${{ inputs.path }}"}'
}
artifacts 'cp -R "$AT/." "$ARTIFACTS"' > "$hub/upload/action.yml"
artifacts 'mkdir -p "$AT" && cp -R "$ARTIFACTS/." "$AT"' > "$hub/download/action.yml"

"$binary" key new --out "$hub/gate" > /dev/null
sha="$(sha256sum "$binary" | cut -c 1-64)"
author=(-c user.name=Ana -c user.email=ana@example.com -c commit.gpgsign=false)

# A repository as GitHub has it: main judges, show-stock is the head of request 42, merge is what is checked out of it.
# It is kept in $hub/origin; MAIN and HEAD are commands that change the files of the one or the other.
make_shop() { # MAIN HEAD
  rm -rf "$hub/origin"
  mkdir -p "$hub/origin"
  (
    cd "$hub/origin"
    git init -q -b main
    "$python" "$here/extract.py" "$root/docs/ci/github.md" . > /dev/null
    cp "$root/docs/ci/reviews.jq" .github/
    cp "$root/fixtures/scenarios/pass/service.yaml" .
    cp "$hub/gate.pub.pem" .
    echo '[]' > exceptions.yaml
    printf 'service: service.yaml\nexceptions: [exceptions.yaml]\n' > countersign.yaml
    printf '#!/bin/sh\ntouch "$KEEP/deployed"\n' > deploy.sh
    chmod +x deploy.sh
    sed -i "s/SHA256: \"0*\"/SHA256: \"$sha\"/" .github/workflows/*.yml
    cat >> .github/workflows/release-gate.yml <<'KEEP'
      - name: Keep
        if: always()
        env:
          OUTPUTS: ${{ toJSON(steps.gate.outputs) }}
        run: |
          printf '%s\n' "$OUTPUTS" > "$KEEP/outputs.json"
          if [ -d evidence ]; then cp -R evidence "$KEEP/"; fi
KEEP
    eval "$1"
    git add -A
    git "${author[@]}" commit -q -m "The shop"
    git checkout -q -b show-stock
    echo "stock" > stock.txt
    eval "$2"
    git add -A
    git "${author[@]}" commit -q -m "Show the stock"
    git checkout -q -b merge main
    git "${author[@]}" merge -q --no-ff -m "Merge show-stock into main" show-stock
  )
  base="$(git -C "$hub/origin" rev-parse main)"
  head="$(git -C "$hub/origin" rev-parse show-stock)"
  merge="$(git -C "$hub/origin" rev-parse merge)"
  jq -n --arg base "$base" --arg head "$head" '{
    action: "synchronize", number: 42, repository: {full_name: "acme/shop"},
    pull_request: {
      number: 42, title: "Show the stock", user: {login: "ana"}, labels: [],
      head: {ref: "show-stock", sha: $head, repo: {full_name: "acme/shop"}},
      base: {ref: "main", sha: $base, repo: {full_name: "acme/shop"}}
    }
  }' > "$hub/pull_request.json"
  jq -n --arg base "$base" --arg head "$merge" '{
    action: "checks_requested", repository: {full_name: "acme/shop"},
    merge_group: {head_sha: $head, head_ref: "refs/heads/gh-readonly-queue/main/pr-42-\($base)", base_sha: $base, base_ref: "refs/heads/main"}
  }' > "$hub/merge_group.json"
  jq -n --arg head "$merge" '{ref: "refs/tags/v1.0.0", after: $head, head_commit: {id: $head}, repository: {full_name: "acme/shop"}}' > "$hub/push.json"
  jq .pull_request "$hub/pull_request.json" > "$hub/api/pull.json"
  jq -n --arg merge "$merge" '[{number: 7, merge_commit_sha: "0"}, {number: 42, merge_commit_sha: $merge}]' > "$hub/api/pulls.json"
  # Jo asked for changes, and was satisfied; Kim's approval was dismissed; Ana comments on her own; all on two pages.
  jq -n --arg head "$head" --arg base "$base" '
    def review($user; $id; $state; $at; $commit):
      {user: {login: $user, id: $id, type: "User"}, state: $state, submitted_at: $at, commit_id: $commit};
    [ review("jo"; 2; "CHANGES_REQUESTED"; "2026-11-20T07:00:00Z"; $base), review("kim"; 3; "DISMISSED"; "2026-11-20T08:00:00Z"; $head) ],
    [ review("ana"; 1; "COMMENTED"; "2026-11-20T09:00:00Z"; $head), review("jo"; 2; "APPROVED"; "2026-11-20T10:00:00Z"; $head) ]
  ' > "$hub/api/reviews.json"
}

# What actions/checkout leaves: a shallow repository with one commit and its parents.
clone() { # COMMIT DEPTH
  rm -rf "$hub/clone"
  git init -q -b main "$hub/clone"
  (
    cd "$hub/clone"
    git remote add origin https://github.com/acme/shop
    git fetch -q --no-tags --depth="$2" "file://$hub/origin" "+$1:refs/remotes/pull/42/merge"
    git checkout -q --detach refs/remotes/pull/42/merge
  )
}

# EVENT [ARGUMENT…]: runs it on the clone; then $outputs, $keep and $log are about it.
run_act() {
  local event="$1"
  shift
  keep="$hub/keep" log="$hub/log" status=0
  rm -rf "$keep" "$hub/artifacts"
  mkdir -p "$keep" "$hub/artifacts"
  (
    cd "$hub/clone"
    PATH="$hub/bin:$PATH" XDG_CACHE_HOME="$hub/cache" "$tools/venv/bin/act" "$event" -e "$hub/$event.json" \
      -P ubuntu-24.04=-self-hosted --no-cache-server \
      --local-repository "https://github.com/acme/countersign@0123456789abcdef0123456789abcdef01234567=$hub/action" \
      --local-repository "https://github.com/acme/countersign@v1=$hub/action" \
      --local-repository "https://github.com/actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02=$hub/upload" \
      --local-repository "https://github.com/actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093=$hub/download" \
      --env COUNTERSIGN="$binary" --env API="$hub/api" --env ROOT="$root" --env KEEP="$keep" \
      --env ARTIFACTS="$hub/artifacts" --env SCANS="$scans" -s GITHUB_TOKEN=none "$@" > "$log" 2>&1
  ) || status=$?
  outputs="$keep/outputs"
  if [[ -f "$keep/outputs.json" ]]; then jq -r 'to_entries[] | "\(.key)=\(.value)"' "$keep/outputs.json" > "$outputs"; fi
}

# NAME DECISION EXIT: the workflow fails exactly when the exit code is not 0, and all eleven outputs are there.
gated() {
  check "github: $1" test "$(output decision) $(output exit-code) $(test "$status" = 0 && echo green)" = "$2 $3 $(test "$3" = 0 && echo green)" \
    -a "$(wc -l < "$outputs")" = 11
}

gate="-W .github/workflows/release-gate.yml"
make_shop : :
clone merge 2
scans=clean
# shellcheck disable=SC2086
run_act pull_request $gate
gated "an approved request with clean scans" pass 0
check "github: the report is in the job summary" grep -q 'Summary - ## countersign: pass' "$log"
check "github: paths, digest and counts of a pass" test -n "$(output report-path)" -a -n "$(output decision-path)" -a "$(output blocked)" = 0 \
  -a "$(output policy-digest | grep -c '^sha256:[0-9a-f]\{64\}$')" = 1
check "github: the evidence is where the output says" test -f "$keep/evidence/$(basename "$(output evidence-path)")/decision.dsse.json"
jq '. + {action: "submitted", review: {state: "approved"}}' "$hub/pull_request.json" > "$hub/pull_request_review.json"
run_act pull_request_review $gate
gated "the same request, when an approval is given" pass 0
scans=shop
run_act pull_request $gate
gated "a flawed service" block 1
check "github: a block has counts, and says why in the summary" test "$(output blocked)" -gt 0 -a "$(grep -c CVE-2021-25900 "$log")" -gt 0
check "github: a block leaves evidence" test -f "$keep/evidence/$(basename "$(output evidence-path)")/decision.dsse.json"
scans=hostile
run_act pull_request $gate
gated "reports that give orders" block 1
check "github: no order of a report reaches the log" test "$(grep -c '##\[' "$log")$(grep -c '^ *\(\[[^]]*\] *| *\)\?::\(set-output\|add-mask\)' "$log")" = 00
check "github: no report writes a heading of its own" test "$(grep -c '^## countersign: pass\|Summary - ## countersign: pass' "$log")" = 0
echo '[]' > "$hub/api/reviews.json"
scans=clean
run_act pull_request $gate
gated "clean scans that nobody approved" block 1
clone merge 1
run_act pull_request $gate
gated "a clone without the tip of the target branch" error 3
check "github: the error says which depth to use" grep -q 'fetch-depth: 2' "$log"

make_shop : "echo 'mode: audit' >> countersign.yaml"
clone merge 2
scans=shop
run_act pull_request $gate
gated "a request that asks to be audited only" block 1
make_shop : :
# `fetch-depth: 0` brings every branch.
clone merge 9
git -C "$hub/clone" fetch -q "file://$hub/origin" '+refs/heads/*:refs/remotes/origin/*'
scans=clean
run_act merge_group $gate
gated "a queued request with clean scans, approved as the head that it merges" pass 0
echo '[]' > "$hub/api/reviews.json"
run_act merge_group $gate
gated "a queued request that nobody approved" block 1

make_shop "echo 'mode: audit' >> countersign.yaml" :
clone merge 2
scans=shop
run_act pull_request $gate
gated "audit mode, as the target branch has it" block 0

make_shop "sed 's/^rules: .*/rules: {change\/approvals: warn}/' '$root/policies/profiles/default.yaml' > profile.yaml
  echo 'profile: profile.yaml' >> countersign.yaml" :
echo '[]' > "$hub/api/reviews.json"
clone merge 2
scans=clean
run_act pull_request $gate
gated "a warning" warn 0
make_shop "sed 's/^rules: .*/rules: {change\/approvals: warn}/' '$root/policies/profiles/default.yaml' > profile.yaml
  printf 'profile: profile.yaml\nfail_on: warn\n' >> countersign.yaml
  sed -i 's/countersign@[0-9a-f]* # v0.1.0/countersign@v1/' .github/workflows/release-gate.yml" :
echo '[]' > "$hub/api/reviews.json"
clone merge 2
run_act pull_request $gate
gated "a warning that fails, with the action's tag" warn 10

make_shop "sed -i 's/^            reports.semgrep.json/            reports\/*.sarif/' .github/workflows/release-gate.yml" :
clone merge 2
run_act pull_request $gate
gated "a glob without a match" error 3
check "github: an error has no counts" test "$(output blocked)$(output warned)$(output excepted)" = 000

# A release: signed by the gate, verified before the deployment.
release="-W .github/workflows/release.yml"
tagged() {
  clone merge 1
  git -C "$hub/clone" tag v1.0.0
}
make_shop : :
tagged
scans=clean
run_act push $release -s COUNTERSIGN_KEY="$(cat "$hub/gate.pem")"
check "github: a release without the policy digest pinned is decided and not deployed" test "$status" != 0 -a ! -e "$keep/deployed"
policy="$(cat "$hub"/artifacts/d-*/blobs/sha256/* | grep -ao '"policy_digest": *"sha256:[0-9a-f]\{64\}"' | grep -o 'sha256:[0-9a-f]*' | sort -u || true)"
pin="sed -i 's/COUNTERSIGN_POLICY: sha256:0*/COUNTERSIGN_POLICY: $policy/' .github/workflows/release.yml"
make_shop "$pin" :
tagged
run_act push $release -s COUNTERSIGN_KEY="$(cat "$hub/gate.pem")"
check "github: a signed pass is verified and deployed" test "$status" = 0 -a -e "$keep/deployed"
check "github: the key is not in the log" test "$(grep -c 'PRIVATE KEY' "$log")" = 0
scans=shop
run_act push $release -s COUNTERSIGN_KEY="$(cat "$hub/gate.pem")"
check "github: a block is not deployed, and leaves signed evidence" test "$status" != 0 -a ! -e "$keep/deployed" -a -f "$(echo "$hub"/artifacts/d-*/decision.sigstore.json)"
scans=clean
run_act push $release
check "github: an unsigned pass is not deployed" test "$status" != 0 -a ! -e "$keep/deployed" -a "$(grep -c 'Success - Main Keep the evidence' "$log")" = 1
"$binary" key new --out "$hub/other" > /dev/null
run_act push $release -s COUNTERSIGN_KEY="$(cat "$hub/other.pem")"
check "github: a pass signed by another key is not deployed" test "$status" != 0 -a ! -e "$keep/deployed" -a "$(grep -c 'Success - Main Keep the evidence' "$log")" = 1
