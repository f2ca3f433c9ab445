# A pull request and its reviews as a change file for `countersign check --change`.
#
#   { gh api repos/OWNER/REPO/pulls/N; gh api --paginate repos/OWNER/REPO/pulls/N/reviews; } \
#     | jq -s --arg commit COMMIT -f reviews.jq > change.json
#
# COMMIT is the commit that is to be released. A queue or a merge makes a new one out of the head of the request: an approval
# of that very head is passed on as one of COMMIT. The last opinion of each reviewer counts, a comment is none, and a dismissed
# one neither.
def states: {"APPROVED": "approved", "CHANGES_REQUESTED": "changes-requested"};
.[0] as $pull
| {
    id: ($pull.number | tostring),
    approvals: (
      .[1:] | add // []
      | map(select(.user != null and (.state == "DISMISSED" or states[.state] != null)))
      | group_by(.user.id)
      | map(max_by(.submitted_at) | select(.state != "DISMISSED"))
      | map({
          by: .user.login,
          commit: (if .commit_id == $pull.head.sha then $commit else .commit_id end),
          at: .submitted_at,
          state: states[.state],
          reviewer: (if .user.type == "User" then "user" else "bot" end)
        })
    )
  }
+ (if $pull.user then {author: $pull.user.login} else {} end)
