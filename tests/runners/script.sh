# shellcheck shell=bash
# The action's script alone, as the runner starts it, with a gate that does what no real one should. Sourced by run.sh.

# What the stub prints and writes is set by the test that runs it.
stub="$work/stub/countersign"
mkdir -p "$work/stub"
cat > "$stub" <<'STUB'
#!/usr/bin/env bash
for argument in "$@"; do
  printf '%s\n' "$argument" >> "$STUB_ARGUMENTS"
  case "$argument" in
    --output=json=*) json="${argument#--output=json=}" ;;
    --output=dotenv=*) dotenv="${argument#--output=dotenv=}" ;;
    --output=human=*) human="${argument#--output=human=}" ;;
    --output=markdown=*) markdown="${argument#--output=markdown=}" ;;
    --output=markdown-comment=*) comment="${argument#--output=markdown-comment=}" ;;
    --output=github=*) annotations="${argument#--output=github=}" ;;
    --output=sarif=*) sarif="${argument#--output=sarif=}" ;;
  esac
  case "$argument" in --key=*) cat "${argument#--key=}" > "$STUB_ARGUMENTS.key"; ls -l "${argument#--key=}" > "$STUB_ARGUMENTS.mode" ;; esac
done
env > "$STUB_ARGUMENTS.env"
if [[ -n "$STUB_DOTENV" ]]; then printf '%s\n' "$STUB_DOTENV" > "$dotenv"; echo '{}' > "$json"; fi
if [[ -n "${STUB_REPORT:-}" ]]; then cat "$STUB_REPORT" > "$human"; fi
if [[ -n "${STUB_MARKDOWN:-}" ]]; then
  printf '%s\n' "$STUB_MARKDOWN" | tee "$markdown" > "$comment"
  printf '%s\n' '::error title=x::y' '::set-output name=decision::pass' 'free text' > "$annotations"
  if [[ -n "${sarif:-}" ]]; then echo '{}' > "$sarif"; fi
fi
echo "what went wrong" >&2
exit "$STUB_EXIT"
STUB
chmod +x "$stub"

digest="sha256:$(printf '%064d' 7)"
dotenv() { # OUTCOME EXIT
  printf 'COUNTERSIGN_DECISION=%s\nCOUNTERSIGN_EXIT_CODE=%s\nCOUNTERSIGN_BLOCKED=2\nCOUNTERSIGN_WARNED=1\nCOUNTERSIGN_EXCEPTED=3\nCOUNTERSIGN_POLICY_DIGEST=%s\nCOUNTERSIGN_ID=d-0123456789abcdef\n' "$1" "$2" "$digest"
}

# NAME=VALUE…: runs the script with these on top of inputs that are not set; its outputs are then in $outputs.
run_script() {
  local dir="$work/script"
  rm -rf "$dir"
  mkdir -p "$dir/temp" "$dir/workspace"
  outputs="$dir/outputs" summary="$dir/summary" log="$dir/log" arguments="$dir/arguments"
  status=0
  (
    cd "$dir/workspace"
    env -i PATH="$PATH" HOME="$HOME" RUNNER_TEMP="$dir/temp" GITHUB_OUTPUT="$outputs" GITHUB_STEP_SUMMARY="$summary" \
      GITHUB_ACTION_PATH="$root" RUNNER_OS=Linux RUNNER_ARCH=X64 STUB_ARGUMENTS="$arguments" STUB_EXIT=0 STUB_DOTENV= \
      IN_VERSION= IN_CHECKSUM= IN_DOWNLOAD_URL= \
      IN_REPORTS= IN_POLICY= IN_EXCEPTIONS= IN_SERVICE= IN_CONFIG= IN_CHANGE= IN_RECEIPTS= IN_PROFILE= IN_ENVIRONMENT= \
      IN_SUBJECT= IN_FAIL_ON= IN_MODE= IN_EVIDENCE= IN_KEY= IN_KEY_PEM= IN_OUTPUT= IN_BINARY="$stub" IN_JOB_SUMMARY=always IN_SARIF= IN_ANNOTATIONS=true IN_COMMENT=never \
      IN_WORKING_DIRECTORY=. "$@" bash --noprofile --norc "$script" > "$log" 2>&1
  ) || status=$?
}

# NAME STATUS DECISION: the run ended so, and every output was written exactly once.
ended() {
  local names
  names="$(cut -d= -f1 "$outputs" | tr '\n' ' ')"
  check "$1" test "$status" = "$2" -a "$(output decision)" = "$3" -a "$(output exit-code)" = "$2" \
    -a "$names" = "decision exit-code blocked warned excepted policy-digest decision-path report-path summary-path sarif-path evidence-path "
}

for row in "pass 0" "warn 0" "warn 10" "block 1" "block 0"; do
  read -r outcome code <<< "$row"
  run_script STUB_EXIT="$code" STUB_DOTENV="$(dotenv "$outcome" "$code")"
  ended "script: $outcome with exit code $code" "$code" "$outcome"
done
check "script: counts and digest are passed on" test "$(output blocked) $(output warned) $(output excepted) $(output policy-digest)" = "2 1 3 $digest"

for code in 2 3 4; do
  run_script STUB_EXIT="$code" IN_EVIDENCE=none
  ended "script: exit code $code is an error" "$code" error
  check "script: the report of exit code $code says what went wrong" grep -q "what went wrong" "$(output report-path)" "$summary"
done
check "script: an error has no counts, digest or paths" test "$(output blocked)$(output warned)$(output excepted)$(output policy-digest)$(output decision-path)$(output evidence-path)" = 000

run_script STUB_EXIT=101 && ended "script: a crash is an error" 4 error
run_script STUB_EXIT=1 && ended "script: 1 without a decision is no block" 4 error
run_script STUB_EXIT=0 && ended "script: 0 without a decision is no pass" 4 error
run_script STUB_EXIT=0 STUB_DOTENV="$(dotenv block 1)" && ended "script: a decision that states another exit code is none" 4 error
check "script: and its counts and digest are none" test "$(output blocked)$(output warned)$(output excepted)$(output policy-digest)$(output decision-path)" = 000
run_script STUB_EXIT=0 STUB_DOTENV="$(dotenv 'pass;x' 0)" && ended "script: a word that is none of ours is no decision" 4 error
run_script STUB_EXIT=0 STUB_DOTENV="$(dotenv pass 0 | grep -v DIGEST)" && ended "script: a decision without its policy digest is none" 4 error

run_script RUNNER_TEMP=/nowhere && ended "script: a fault of the runner is no block" 4 error
run_script IN_BINARY=/nowhere/countersign && ended "script: a binary that is not there" 2 error
run_script IN_WORKING_DIRECTORY=nowhere && ended "script: a working directory that is not there" 2 error
run_script IN_JOB_SUMMARY=sometimes && ended "script: an unknown job-summary" 2 error
run_script IN_ANNOTATIONS=perhaps && ended "script: unknown annotations" 2 error
run_script IN_COMMENT=sometimes && ended "script: an unknown comment" 2 error
run_script IN_CONFIG="$(printf 'a\nb')" && ended "script: two lines where one belongs" 2 error
run_script IN_KEY=a IN_KEY_PEM=b && ended "script: two keys" 2 error
run_script IN_EVIDENCE="$(printf 'x\rdecision=pass')" && ended "script: a control character in a path" 2 error

run_script STUB_DOTENV="$(dotenv pass 0)" IN_REPORTS=$'reports/*.json\n\ngitleaks:a b.json\n' IN_POLICY=$'p\r\nq' IN_SERVICE=s \
  IN_FAIL_ON=warn IN_EVIDENCE=ev/ IN_KEY_PEM=$'-----BEGIN\nabc' IN_OUTPUT=$'--mode=audit\njson=x'
ended "script: inputs of every kind" 0 pass
check "script: an argument for each line, and no input becomes a flag of its own" diff - <(grep -v -e '^--key=' -e countersign "$arguments") <<'ARGUMENTS'
check
--report=reports/*.json
--report=gitleaks:a b.json
--policy=p
--policy=q
--service=s
--fail-on=warn
--output=--mode=audit
--output=json=x
--evidence=ev/
ARGUMENTS
check "script: the evidence is the decision's folder, absolute" test "$(output evidence-path)" = "$work/script/workspace/ev/d-0123456789abcdef"
check "script: the gate got the key" diff - "$arguments.key" <<< $'-----BEGIN\nabc'
check "script: the key is nobody else's to read" grep -q '^-rw------- ' "$arguments.mode"
check "script: the key is neither in the environment nor left behind" test -z "$(grep -c BEGIN "$arguments.env" | grep -v '^0$'; find "$work/script/temp" -name '*.pem')"

stops="$(grep -n '^::stop-commands::[0-9a-f]\{32\}$' "$log" || true)"
check "script: commands are stopped while the gate prints, and resumed" grep -q "^::${stops##*::}::\$" "$log"

run_script STUB_DOTENV="$(dotenv pass 0)" STUB_MARKDOWN="## countersign: pass" IN_SARIF=out.sarif
ended "script: a summary, annotations and SARIF" 0 pass
check "script: the summary is the gate's Markdown" diff - "$summary" <<< '## countersign: pass'
check "script: paths of the summary and of the SARIF file" test -s "$(output summary-path)" -a "$(output sarif-path)" = "$work/script/workspace/out.sarif"
check "script: annotations come after commands are resumed, and are annotations" test "$(tail -n 1 "$log")" = '::error title=x::y'
run_script STUB_DOTENV="$(dotenv pass 0)" STUB_MARKDOWN=x IN_ANNOTATIONS=false
check "script: no annotations where none are wanted" test "$(grep -c '^::error' "$log")" = 0
printf 'a ``````` b\n' > "$work/fence"
run_script STUB_DOTENV="$(dotenv pass 0)" STUB_REPORT="$work/fence"
check "script: nothing closes the fence of a text" diff - "$summary" <<< $'## countersign: pass\n\n````text\na \'\'\'\'\'\'\' b\n````'
awk 'BEGIN { for (n = 0; n < 40000; n++) print "one more line with ä, ö and ü, and the next" }' > "$work/long"
run_script STUB_DOTENV="$(dotenv pass 0)" STUB_REPORT="$work/long"
check "script: a long text is cut" test "$(wc -l < "$summary")" = 204
run_script STUB_DOTENV="$(dotenv pass 0)" STUB_REPORT="$work/fence" IN_JOB_SUMMARY=on-failure
check "script: no summary of a success with on-failure" test ! -e "$summary"
run_script STUB_DOTENV="$(dotenv block 1)" STUB_EXIT=1 STUB_REPORT="$work/fence" IN_JOB_SUMMARY=on-failure
check "script: a summary of a failure with on-failure" grep -q '^## countersign: block$' "$summary"
run_script STUB_DOTENV="$(dotenv block 1)" STUB_EXIT=1 STUB_REPORT="$work/fence" IN_JOB_SUMMARY=never
check "script: no summary with never" test ! -e "$summary"

# Without `binary:` the action builds itself. A cargo that only copies shows where and how often it is asked.
mkdir -p "$work/cargo/bin"
cat > "$work/cargo/bin/cargo" <<'CARGO'
#!/usr/bin/env bash
printf '%s %s\n' "$PWD" "$*" >> "$CARGO_LOG"
while [[ "$1" != --target-dir ]]; do shift; done
mkdir -p "$2/release"
cp "$CARGO_MAKES" "$2/release/countersign"
CARGO
chmod +x "$work/cargo/bin/cargo"
source="$work/cargo/action"
rm -rf "$source" "$work/cargo/tools" "$work/cargo/log"
mkdir -p "$source/src"
cp -r "$root/action.yml" "$root/Cargo.toml" "$root/action" "$source"
touch "$source/src/main.rs"
built=(STUB_DOTENV="$(dotenv pass 0)" IN_BINARY= GITHUB_ACTION_PATH="$source" RUNNER_TOOL_CACHE="$work/cargo/tools"
  CARGO_LOG="$work/cargo/log" CARGO_MAKES="$stub" PATH="$work/cargo/bin:$PATH")
run_script "${built[@]}"
ended "script: built from source" 0 pass
check "script: built in the action's own directory, locked" grep -q "^$source build --release --locked --manifest-path $source/Cargo.toml " "$work/cargo/log"
run_script "${built[@]}"
ended "script: built once" 0 pass
check "script: the second run takes the first one's binary" test "$(wc -l < "$work/cargo/log")" = 1
echo "// changed" >> "$source/src/main.rs"
run_script "${built[@]}"
check "script: another source is another binary" test "$(wc -l < "$work/cargo/log")" = 2
run_script "${built[@]}" CARGO_MAKES=/nowhere RUNNER_TOOL_CACHE="$work/cargo/none" && ended "script: a build that fails" 4 error
mkdir -p "$work/cargo/none"
for tool in bash env rm tr od mkdir cat sed; do ln -sf "$(command -v "$tool")" "$work/cargo/none/$tool"; done
run_script "${built[@]}" PATH="$work/cargo/none" && ended "script: no binary and no cargo" 2 error
