//! The targets as a library, for the programs in fuzz_targets/.

#[allow(dead_code, reason = "what only the replaying test asks for")]
#[path = "../targets/mod.rs"]
mod targets;

/// Runs the target of that name.
pub fn run(name: &str, bytes: &[u8]) {
    let target = targets::TARGETS.iter().find(|target| target.name == name).expect("the target is in the table");
    (target.run)(bytes);
}
