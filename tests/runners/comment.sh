# shellcheck shell=bash
# The action's step that writes one comment on the request, with the real gate's comment and a stand-in for GitHub's API.
# Sourced by run.sh.

comment="$work/comment"
mkdir -p "$comment/bin" "$comment/out"
# Gives the comments that are there, filtered as `gh` does it, and records what is written.
cat > "$comment/bin/gh" <<'GH'
#!/usr/bin/env bash
set -e
[[ "$GH_TOKEN" == a-token ]]
shift
method=GET url="" filter=. body=""
while (( $# )); do
  case "$1" in
    --paginate) shift ;;
    --method) method="$2"; shift 2 ;;
    --jq) filter="$2"; shift 2 ;;
    -F) body="${2#body=@}"; shift 2 ;;
    *) url="$1"; shift ;;
  esac
done
if [[ "$method" == GET ]]; then jq -r "$filter" "$COMMENTS"; exit; fi
if [[ -n "${FORBIDDEN:-}" ]]; then echo "HTTP 403: Resource not accessible by integration" >&2; exit 1; fi
printf '%s %s\n' "$method" "$url" >> "$RECORD"
cp "$body" "$RECORD.body"
GH
chmod +x "$comment/bin/gh"
second="$work/extracted/action-1.sh"
check "comment: the action's second script is the one that comments" grep -q 'One comment for each gate' "$second"

# REPORT: what the gate leaves for the step.
decided() {
  "$binary" check --ci none --at 2026-11-21T12:00:00Z --mode audit --service fixtures/scenarios/pass/service.yaml \
    --output="markdown-comment=$comment/out/comment.md" --output="markdown=$comment/out/summary.md" "$1" > /dev/null
}

# COMMENTS NAME=VALUE…: runs the step; `written` is then what it asked the API for, and $log what it printed.
comments() {
  log="$comment/log" status=0
  printf '%s\n' "$1" > "$comment/comments.json"
  shift
  rm -f "$comment/record"*
  env -i PATH="$comment/bin:$PATH" HOME="$HOME" GH_TOKEN=a-token GITHUB_REPOSITORY=acme/shop NUMBER=42 IN_COMMENT=on-block \
    DECISION=block SUMMARY="$comment/out/summary.md" COMMENTS="$comment/comments.json" RECORD="$comment/record" "$@" \
    bash --noprofile --norc -e -o pipefail "$second" > "$log" 2>&1 || status=$?
}
written() { cat "$comment/record" 2> /dev/null || true; }
# NAME WRITTEN: the step succeeds, and asked the API for just this.
commented() { check "comment: $1" test "$status:$(written)" = "0:$2"; }

report="$(ls fixtures/formats/gitleaks/*-shop.json)"
check "comment: the gate writes the comment" decided "$report"
marker="$(head -n 1 "$comment/out/comment.md")"
about() { jq -n --arg body "$1" --arg type "$2" '[{id: 1, user: {type: "Bot"}, body: "something else"}, {id: 77, user: {type: $type}, body: $body}]'; }
none='[]'
ours="$(about "$marker"$'\nolder' Bot)"

comments "$none"
commented "a block is written where none is" "POST repos/acme/shop/issues/42/comments"
check "comment: what is written is the gate's comment" cmp "$comment/record.body" "$comment/out/comment.md"
comments "$ours"
commented "the one that is there is brought up to date" "PATCH repos/acme/shop/issues/comments/77"
comments "$(about "$marker"$'\nolder' User)"
commented "a person's comment with the marker is left alone" "POST repos/acme/shop/issues/42/comments"
comments "$none" DECISION=pass
commented "a pass is not written where only blocks are wanted" ""
comments "$ours" DECISION=pass
commented "a pass takes an earlier block back" "PATCH repos/acme/shop/issues/comments/77"
comments "$none" DECISION=warn IN_COMMENT=on-warn
commented "a warning, where it is wanted" "POST repos/acme/shop/issues/42/comments"
comments "$none" DECISION=error
commented "an error counts as a block" "POST repos/acme/shop/issues/42/comments"
comments "$none" FORBIDDEN=yes
commented "a run for a fork may not, and goes on" ""
check "comment: and says so" grep -q '^::notice title=countersign::no comment was written' "$log"
comments "$none" NUMBER=
commented "no request, no comment" ""
comments "$none" NUMBER='42/../../1'
commented "a number that is none goes nowhere" ""
