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
mapfile -t pipelines < "$lint/pipelines"
check "lint: the documentation holds the workflows and the pipeline" test "${#workflows[@]} ${#pipelines[@]}" = "2 1"
check "lint: the action's schema" "$bin/check-jsonschema" --builtin-schema vendor.github-actions action.yml
check "lint: the workflows' schema" "$bin/check-jsonschema" --builtin-schema vendor.github-workflows "${workflows[@]}"
check "lint: the component's and the pipeline's schema" "$bin/check-jsonschema" --builtin-schema vendor.gitlab-ci \
  "$lint/component/template-job.yml" "${pipelines[@]}"
check "lint: zizmor finds nothing in the action" "$bin/zizmor" --quiet --offline --persona=auditor action.yml
check "lint: zizmor finds nothing in the workflows" "$bin/zizmor" --quiet --offline --persona=auditor "$lint/github"
for file in action.yml "${workflows[@]}" templates/countersign/template.yml "${pipelines[@]}"; do
  "$python" "$here/extract.py" "$file" "$lint/scripts/$(basename "$file")" | grep '\.sh$' > "$lint/scripts.list"
  mapfile -t scripts < "$lint/scripts.list"
  check "lint: shellcheck finds nothing in $(basename "$file")" "$bin/shellcheck" --severity=warning "${scripts[@]}"
done
check "lint: shellcheck finds nothing in these tests" "$bin/shellcheck" --severity=warning --external-sources --source-path="$here" "$here/run.sh"
check "lint: no expression in a script of the action" test "$(grep -c '\${{' "$script")" = 0
for program in reviews approvals; do
  check "lint: $program.jq compiles" jq -n --arg commit "" "if false then ($(grep -v '^#' "docs/ci/$program.jq")) else 1 end"
done
