# METADATA
# scope: package
# title: What something does to a release
# description: The words of the profile's tables in their order.
package countersign.lib.actions

_rank := {"ignore": 0, "ticket": 1, "warn": 2, "block": 3}

# True when the first word is milder than the second. A word that nobody knows is milder than none.
milder(word, other) if _rank[word] < _rank[other]
