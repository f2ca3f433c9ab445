# A merge request and its approvals as a change file for `countersign check --change`.
#
#   { curl … "$CI_API_V4_URL/projects/ID/merge_requests/IID"; curl … "$CI_API_V4_URL/projects/ID/merge_requests/IID/approvals"; } \
#     | jq -s --arg commit COMMIT -f approvals.jq > change.json
#
# GitLab does not say which commit was approved. Only where the project removes all approvals when commits are added to the
# source branch is an approval one of the head: give the commit that is to be released. Elsewhere give "", and the approvals are
# of no commit.
. as [$request, $given]
| {
    id: ($request.iid | tostring),
    author: $request.author.username,
    approvals: [
      $given.approved_by[]
      | {by: .user.username}
      + (if $commit == "" then {} else {commit: $commit} end)
      + (if .approved_at then {at: .approved_at} else {} end)
    ]
  }
