//! Embeds the policy pack.
fn main() {}
