package countersign.rules.change.emergency_test

import data.countersign.lib.fixture
import data.countersign.rules.change.emergency

test_an_emergency_warns if count(emergency.warn) == 1 with input as fixture.changed({"kind": "emergency"})

test_other_changes_do_not if {
	every kind in ["standard", "normal"] {
		count(emergency.warn) == 0 with input as fixture.changed({"kind": kind})
	}
}
