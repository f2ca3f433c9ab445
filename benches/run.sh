#!/usr/bin/env bash
# The table of ratios: recognise + read + normalise + merge, against serde_json into minimal typed structs over the same bytes.
# The least of REPEAT runs counts, each in a process of its own; memory is the peak of that process, which holds the file too.
# Usage: benches/run.sh [BYTES, 100000000 if not said]. PROFILE=dev-fast builds faster than the release profile.
set -euo pipefail
cd "$(dirname "$0")/.."
bytes=${1:-100000000}
repeat=${REPEAT:-5}
profile=${PROFILE:-bench}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
program=$(cargo bench --locked --quiet --profile "$profile" --bench reading --no-run --message-format json |
    sed -n 's/.*"name":"reading".*"executable":"\([^"]*\)".*/\1/p' | tail -1)
"$program" make "$dir" "$bytes"
least() { for _ in $(seq "$repeat"); do "$program" "$@"; done | sort -g | head -1; }
row() {
    local name=$1 ours borrowed owned size
    shift
    size=$(cat "$@" | wc -c)
    ours=$(least ours "$@")
    borrowed=$(least borrowed "$@")
    owned=$(least owned "$@")
    echo "$name $size $ours $borrowed $owned" | awk '{
        printf "%-14s %5d MB  %7d findings  ours %6.3f s  borrowed %6.3f s  owned %6.3f s  ratio %5.2f (borrowed) %5.2f (owned)  memory %4.2f x\n",
            $1, $2 / 1e6, $5, $3, $6, $9, $3 / $6, $3 / $9, $4 / $2 }'
}
for family in trivy grype gitlab semgrep sarif; do
    row "$family" "$dir/$family.json"
done
row trivy+grype "$dir/trivy.json" "$dir/grype.json"
