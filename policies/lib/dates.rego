# METADATA
# scope: package
# title: Calendar days
# description: Days as text, year-month-day, UTC, counted from the recorded instant of the decision.
package countersign.lib.dates

# Today.
today := substring(input.now, 0, 10)

# True for a day that is past or today, and at most so many days ago. Days of one form compare as text.
within(day, days) if {
	is_string(day)
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, day)
	day <= today
	day >= in_days(0 - days)
}

# A century: later days would leave the range of the clock's built-ins, and an undefined date would lose its verdict.
_far := 36500

# The day so many days after the decision.
in_days(days) := substring(time.format(then), 0, 10) if {
	then := time.add_date(time.parse_rfc3339_ns(input.now), 0, 0, max([min([days, _far]), 0 - _far]))
}
