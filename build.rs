//! Embeds the policy pack: writes a table of `policies/**/*.rego` (tests left out) and one of `policies/profiles/*.yaml`.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=policies");
    let mut files = Vec::new();
    collect(Path::new("policies"), &mut files)?;
    files.sort();
    let mut policies = String::new();
    let mut profiles = String::new();
    for file in &files {
        let path = file.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        let include = format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {:?}))", format!("/{path}"));
        if path.ends_with(".rego") && !path.ends_with("_test.rego") {
            let name = path.replacen("policies/", "builtin/", 1);
            writeln!(policies, "    ({name:?}, {include}),")?;
        } else if let Some(name) = path.strip_prefix("policies/profiles/").and_then(|name| name.strip_suffix(".yaml")) {
            writeln!(profiles, "    ({name:?}, {include}),")?;
        }
    }
    let tables = format!(
        "/// Path and text of every policy file of the pack, sorted.\npub(super) const POLICIES: &[(&str, &str)] = &[\n{policies}];\n\n\
         /// Name and text of every shipped profile, sorted.\npub(super) const PROFILES: &[(&str, &str)] = &[\n{profiles}];\n"
    );
    write(&tables)
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a build script reads Cargo's variable and writes where it says")]
fn write(tables: &str) -> Result<(), Box<dyn Error>> {
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    fs::write(Path::new(&out).join("pack.rs"), tables)?;
    Ok(())
}
