# shellcheck shell=bash
# Outputs of real decisions, held against the rules of those who read them: the SARIF Multitool with GitHub's rules.
# Sourced by run.sh.

outputs_dir="$work/outputs"
mkdir -p "$outputs_dir"
multitool="$tools/npm/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
chmod +x "$multitool"
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1

# SCENARIO: writes its SARIF, whatever is decided.
sarif() {
  mapfile -t arguments < <("$python" -c 'import sys, tomllib; print(*tomllib.load(open(sys.argv[1], "rb"))["args"], sep="\n")' \
    "$root/fixtures/scenarios/$1/scenario.toml")
  (cd "$root/fixtures/scenarios/$1" && "$binary" check "${arguments[@]}" --output=sarif="$outputs_dir/$1.sarif") > /dev/null 2>&1 || true
}

# SCENARIO: what the Multitool objects to, errors and warnings.
objections() {
  "$multitool" validate "$outputs_dir/$1.sarif" --rule-kind 'Sarif;Ghas' --level 'Error;Warning' --log ForceOverwrite \
    --output "$outputs_dir/$1.validated.sarif" > "$outputs_dir/$1.log" 2>&1 || { cat "$outputs_dir/$1.log"; return; }
  jq -r '.runs[].results[]? | "\(.ruleId) \(.message.arguments)"' "$outputs_dir/$1.validated.sarif"
}

for scenario in pass block excepted r17-signed-emergency r5-no-fix r8-known-warns freeze-excepted glob-without-match; do
  sarif "$scenario"
  objections "$scenario" > "$outputs_dir/$scenario.objections"
  check "outputs: the SARIF of $scenario passes the Multitool" diff /dev/null "$outputs_dir/$scenario.objections"
done
printf '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x", "rules": [{"id": "y"}]}}, "results": [{"ruleId": "y", "message": {"text": "z"}}]}]}' \
  > "$outputs_dir/poor.sarif"
objections poor > "$outputs_dir/poor.objections"
check "outputs: the Multitool objects to poor SARIF" grep -q '^GH' "$outputs_dir/poor.objections"
