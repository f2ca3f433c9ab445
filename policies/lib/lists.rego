# METADATA
# scope: package
# title: Lists in tables
# description: A list in a row of the profile names what the row is about; an empty one names everything.
package countersign.lib.lists

# True when the list is empty or names the value.
matches(list, _) if count(list) == 0

matches(list, value) if value in list
