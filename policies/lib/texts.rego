# METADATA
# scope: package
# title: Texts that people write
# description: White space is no answer, and `null` is none either.
package countersign.lib.texts

# True for a text that says something.
given(text) if {
	is_string(text)
	trim_space(text) != ""
}
