//! The documentation tells the truth: links lead somewhere, commands and flags exist, generated pages are up to date.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use countersign::cli::args::Cli;
use countersign::formats::FORMATS;
use countersign::render::RENDERERS;

use crate::support::{files_below, root};

fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = std::fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .chain(files_below(&root().join("docs")))
        .chain([root().join("policies/README.md"), root().join("fixtures/README.md")])
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    pages
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap();
            if target.starts_with("http") || target.starts_with('#') || target.starts_with("mailto:") {
                continue;
            }
            let file = target.split('#').next().unwrap();
            if !page.parent().unwrap().join(file).exists() {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_output_format_has_its_row() {
    let page = std::fs::read_to_string(root().join("docs/OUTPUTS.md")).unwrap();
    for renderer in RENDERERS {
        assert!(page.contains(&format!("\n| `{}` | ", renderer.id)), "{}", renderer.id);
    }
}

/// What `--help` of the whole command and of every subcommand says.
fn help() -> String {
    fn add(command: &mut clap::Command, all: &mut String) {
        all.push_str(&command.render_long_help().to_string());
        command.get_subcommands_mut().for_each(|command| add(command, all));
    }
    let mut all = String::new();
    add(&mut Cli::command(), &mut all);
    all
}

/// Flags and subcommands on the lines of a page that start our command.
fn used(page: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(page).unwrap().replace("\\\n", " ");
    let mut used = BTreeSet::new();
    for line in text.lines() {
        for (at, _) in line.match_indices("countersign ") {
            let rest = line[at..].split(['`', '|', '>', ';', '#']).next().unwrap();
            let mut words = rest.split_whitespace().skip(1);
            if !line[..at].chars().all(|c| " `$(|\"/.-".contains(c) || c.is_ascii_lowercase()) {
                continue;
            }
            if let Some(first) = words.next()
                && first.chars().all(|c| c.is_ascii_lowercase())
            {
                used.extend(words.filter(|word| word.starts_with("--")).map(|flag| {
                    flag.split('=').next().unwrap().trim_end_matches(['.', ',', ':', ')', '"', '\'']).to_owned()
                }));
            }
        }
    }
    used
}

#[test]
fn every_flag_in_the_documentation_exists() {
    let help = help();
    let known: BTreeSet<&str> =
        help.split(|c: char| c.is_whitespace() || ",[]".contains(c)).filter(|word| word.starts_with("--")).collect();
    let mut wrong = Vec::new();
    for page in pages() {
        for flag in used(&page).into_iter().filter(|flag| !known.contains(flag.as_str())) {
            wrong.push(format!("{}: {flag}", page.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(used(&root().join("README.md")).len() >= 5, "the README shows how to use the command");
}

/// docs/FORMATS.md, from the table.
fn formats_page() -> String {
    let mut page = String::from(
        "# Report formats\n\n<!-- Generated from the table in src/formats/mod.rs: \
         UPDATE_GOLDEN=1 cargo test --test it docs -->\n\n\
         The format is recognised from the content; file names decide nothing. Where the content cannot say (`[]` could be any\n\
         scanner), name it: `--report ID:PATH`. gzip, a UTF-8 byte order mark and UTF-16 are read as they are.\n\n\
         A report that is no sound report of its format, that only says that there was no scan, or that is cut off is refused\n\
         (exit 3). What a report says about its own health makes it partial or failed, and that blocks by default.\n",
    );
    for format in FORMATS {
        let checks: Vec<&str> = format.checks.iter().map(|check| check.word()).collect();
        write!(
            page,
            "\n## {}\n\n`{}`, [documentation]({})\n\n- answers: {}\n- read: {}\n- produce: `{}`\n",
            format.title,
            format.id,
            format.docs.strip_prefix("docs/").unwrap_or(format.docs),
            checks.join(", "),
            format.seen,
            format.produce
        )
        .unwrap();
    }
    page
}

#[test]
fn the_page_of_formats_is_that_of_the_table() {
    let path = root().join("docs/FORMATS.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, formats_page()).unwrap();
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(page == formats_page(), "docs/FORMATS.md is not up to date: UPDATE_GOLDEN=1 cargo test --test it docs");
}

/// Every row of the page of limits names a constant of the source and its value.
#[test]
fn the_page_of_limits_says_what_the_source_does() {
    let page = std::fs::read_to_string(root().join("docs/LIMITS.md")).unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with('|') && line.contains("src/"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 15);
    for row in rows {
        let [_, name, value, place, ..] = row.as_slice() else { panic!("{row:?}") };
        let (value, name) = (value.trim_matches('`'), name.trim_matches('`'));
        let (file, constant) = place.trim_matches('`').split_once("` `").unwrap();
        let source = std::fs::read_to_string(root().join(file)).unwrap();
        let declared = source.lines().find_map(|line| {
            let line =
                line.trim_start_matches("pub ").trim_start_matches("pub(super) ").trim_start_matches("pub(crate) ");
            line.strip_prefix(&format!("const {constant}: "))?.split_once(" = ")?.1.strip_suffix(';')
        });
        assert_eq!(declared, Some(value), "{constant} in {file}");
        let quoted = format!("\"{name}\"");
        let named = files_below(&root().join("src"))
            .iter()
            .any(|path| std::fs::read_to_string(path).unwrap().contains(&quoted));
        assert!(name.is_empty() || named, "no error names {name}");
    }
}

/// Every attack of the threat model names tests, and each of them is there.
#[test]
fn every_defence_of_the_threat_model_is_shown_by_a_test_that_exists() {
    let named = tests_named_in("docs/THREAT_MODEL.md");
    assert!(named > 40, "{named} tests are named");
}

#[test]
fn every_trap_about_exceptions_is_shown_by_a_test_that_exists() {
    let named = tests_named_in("docs/EXCEPTIONS.md");
    assert!(named > 14, "{named} tests are named");
}

/// How many tests the last column of a page's tables names; each of them is there.
fn tests_named_in(page: &str) -> usize {
    let page = std::fs::read_to_string(root().join(page)).unwrap();
    let rows: Vec<&str> =
        page.lines().filter(|line| line.starts_with("| ") && line.matches('|').count() == 4).collect();
    let mut named = 0;
    for shown_by in rows.iter().filter_map(|row| row.rsplit('|').nth(1)) {
        for test in shown_by.split('`').filter(|name| name.contains("::")) {
            let (module, function) = test.rsplit_once("::").unwrap();
            let file = root().join("tests/it").join(module.replace("::", "/")).with_extension("rs");
            let source = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            assert!(source.contains(&format!("#[test]\nfn {function}()")), "{test}");
            named += 1;
        }
    }
    named
}
