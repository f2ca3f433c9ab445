# METADATA
# scope: package
# title: Approvals of the change
# description: Whose approvals count. Those of the author, of machines and, where the profile says so, of another commit do not.
package countersign.lib.approvals

import data.countersign.lib.people

# What people approved, whichever commit it was.
given := [approval |
	some approval in input.change.approvals
	approval.state == "approved"
	approval.reviewer == "user"
]

author := people.named([input.change.author])

# The people other than the author who approved.
approvers := people.approving_beside([approval.by | some approval in given; of_this_commit(approval)], [input.change.author])

of_this_commit(_) if not input.profile.change.approve_commit

of_this_commit(approval) if {
	approval.commit != null
	approval.commit == input.change.commit
}
