# METADATA
# scope: package
# title: Every dependency has a licence that is allowed
# description: >-
#   Reads the licences that bills of materials (SPDX, CycloneDX) give, as SPDX expressions: of alternatives (OR) one must be allowed,
#   of what holds together (AND) all. A licence with an exception (WITH) is another licence than the one without. Which
#   are allowed and denied, and which packages may differ, stands in the profile under `licenses`; so does what a package
#   does whose licence nobody knows.
# custom:
#   owner: legal
#   severity: high
#   controls:
#     - cis:16.4
#     - iso27001:5.32
#     - soc2:CC2.1
#     - ssdf:PW.4.4
#   remediation: >-
#     Replace the package, have its licence allowed, or record in the profile why this package may have it.
package countersign.rules.licenses.allowed

import data.countersign.lib.exceptions

deny contains verdict if {
	some verdict in _by["block"]
	count(_lifting) == 0
}

warn contains object.union(verdict, {"msg": sprintf("%s; exception %s lets it ship", [verdict.msg, id])}) if {
	some verdict in _by["block"]
	some id in _lifting
}

warn contains verdict if some verdict in _by["warn"]

_lifting := exceptions.lifting("licenses/allowed")

_demands := input.profile.licenses

_permitted := {lower(name) | some name in _demands.allow}

_forbidden := {lower(name) | some name in _demands.deny}

_by[action] contains {
	"msg": sprintf("%s is not an allowed licence: %s", [license, _packages(names)]),
	"path": input.reports[row.report].path,
	"next": "replace it, have the licence allowed, or name the package in the profile (licenses.exceptions)",
} if {
	_asked
	action := _demands.refused
	some row in input.licenses
	row.problem == null
	not _passes(row.choices)
	license := row.license
	names := _others(row)
	count(names) > 0
}

_by[action] contains {
	"msg": sprintf("licence not known (%s%s): %s", [row.problem, _written(row), _packages(names)]),
	"path": input.reports[row.report].path,
	"next": "find out its licence, correct the bill of materials, or name the package in the profile (licenses.exceptions)",
} if {
	action := _demands.unknown
	some row in input.licenses
	row.problem != null
	names := _others(row)
	count(names) > 0
}

# Where licences must be known, no bill of materials is no answer.
_by[action] contains {
	"msg": "no bill of materials says which licences the dependencies have",
	"next": "give one to the gate as a report (SPDX or CycloneDX)",
} if {
	action := _demands.unknown
	count(input.licenses) == 0
	_asked
}

_asked if count(_permitted) > 0

_asked if count(_forbidden) > 0

_passes(choices) if {
	some choice in choices
	count(choice) > 0
	every license in choice {
		_is_allowed(lower(license))
	}
}

_is_allowed(license) if {
	not _is_denied(license)
	count(_permitted) == 0
}

_is_allowed(license) if {
	not _is_denied(license)
	license in _permitted
}

# What is denied is denied with every exception to it, unless that is allowed by name.
_is_denied(license) if license in _forbidden

_is_denied(license) if {
	some name in _forbidden
	startswith(license, concat("", [name, " with "]))
	not license in _permitted
}

# Packages of a row that no exception of the profile is about.
_others(row) := [name |
	some name in row.packages
	not _excepted(name, row.license)
]

_excepted(name, license) if {
	some exception in _demands.exceptions
	_same_package(exception.package, name)
	_same_license(exception.license, license)
}

_same_package(given, name) if given == name

_same_package(given, name) if startswith(name, concat("", [given, "@"]))

_same_license(given, license) if {
	is_string(license)
	lower(trim_space(given)) == lower(trim_space(license))
}

_same_license(given, license) if {
	license == null
	given == "NOASSERTION"
}

_written(row) := sprintf(", written %s", [row.license]) if {
	is_string(row.license)
} else := ""

_packages(names) := concat(", ", names) if {
	count(names) < 6
} else := sprintf("%s and %d more", [concat(", ", array.slice(names, 0, 5)), count(names) - 5])
