//! What teams do without us: the same rules and the same document, whole, in the policy engine itself. `benches/table.py` packs the
//! rules, writes the query around them and compares; nothing here is a test.
//!
//! Usage: `plain DIR INPUT QUERY`: policies (`.rego`) and `data.json` below a directory.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measuring program for developers: it prints, and stops at what is wrong"
)]

use std::path::Path;

use regorus::{Engine, Value};

/// The binary's own, for both sides.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [dir, input, query] = arguments.as_slice() else {
        // `cargo bench` without arguments.
        println!("run benches/table.py");
        return;
    };
    let mut engine = Engine::new();
    add(&mut engine, Path::new(dir));
    engine.set_input(Value::from_json_file(input).unwrap());
    let value = engine.eval_rule(query.clone()).unwrap();
    println!("{}", value.as_set().map_or(0, |set| set.len()));
}

fn add(engine: &mut Engine, dir: &Path) {
    let mut entries: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            add(engine, &path);
        } else if path.extension().is_some_and(|end| end == "rego") {
            engine.add_policy_from_file(&path).unwrap();
        } else if path.ends_with("data.json") {
            engine.add_data(Value::from_json_file(&path).unwrap()).unwrap();
        }
    }
}
