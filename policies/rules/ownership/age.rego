# METADATA
# scope: package
# title: Ownership has been looked at lately
# description: >-
#   People move, and ownership that nobody has looked at for a quarter is a guess. Warns when the day of the last review in the
#   service file (`reviewed`) is older than the profile says (`ownership.max_age_days`), lies in the future, or is not known.
# custom:
#   owner: platform
#   severity: low
#   controls:
#     - iso27001:5.2
#     - iso27001:5.9
#   remediation: Look whether owner, tier, on-call and paths are still true, and write today under `reviewed`.
package countersign.rules.ownership.age

import data.countersign.lib.dates

warn contains {"msg": _why, "next": "look whether it is still true, and write the day under reviewed in the service file"}

_max := input.profile.ownership.max_age_days

_reviewed := input.service.reviewed

_why := "nobody says when ownership was last reviewed" if {
	_max != null
	not is_string(_reviewed)
} else := sprintf("ownership was last reviewed on %s, more than %d days ago", [_reviewed, _max]) if {
	_max != null
	_reviewed < dates.in_days(0 - _max)
} else := sprintf("ownership is said to have been reviewed on %s, which has not come", [_reviewed]) if {
	_max != null
	_reviewed > substring(input.now, 0, 10)
}
