# METADATA
# scope: package
# title: Environments
# description: Which names stand for something less than production. Any other name, a new one or a typing error too, is production.
package countersign.lib.environments

_below_production := {"dev", "development", "test", "testing", "qa", "preview", "sandbox", "staging"}

# True unless the environment is known to be a lesser one.
production if not lower(input.environment) in _below_production
