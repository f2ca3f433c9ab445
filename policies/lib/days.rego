# METADATA
# scope: package
# title: Local time
# description: The time of day and the day of the week at the instant of the decision, in a time zone.
package countersign.lib.days

_now := time.parse_rfc3339_ns(input.now)

# The time of day as HH:MM.
clock(zone) := sprintf("%s:%s", [_two(parts[0]), _two(parts[1])]) if parts := time.clock([_now, zone])

_two(number) := sprintf("%d", [number]) if number > 9

_two(number) := sprintf("0%d", [number]) if number < 10

# Today in the zone, in small letters.
weekday(zone) := lower(time.weekday([_now, zone]))

# The day before one.
before := {
	"monday": "sunday",
	"tuesday": "monday",
	"wednesday": "tuesday",
	"thursday": "wednesday",
	"friday": "thursday",
	"saturday": "friday",
	"sunday": "saturday",
}
