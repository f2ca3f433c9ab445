//! Layers, pins and bundles, through the binary: what a lower layer may and may not do, and what is never taken from an archive.

use std::io::Write as _;
use std::process::Output;

use countersign::model::digest::Digest;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{command, fixture, root};

const LIB: &str = "# METADATA\n# title: t\n# custom:\n#   owner: platform\n#   overridable:\n#     - {key: data.acme.max_days, direction: only-lower}\n#     - {key: data.acme.min_reviews, direction: only-higher}\n#     - {key: data.acme.banned, direction: only-add}\n#     - {key: data.acme.allowed, direction: only-remove}\n#     - {key: profile.fix_by_days.critical, direction: only-lower}\npackage countersign.lib.acme\n\nmax_days := data.acme.max_days\n";
const RULE: &str = "# METADATA\n# title: t\n# custom:\n#   owner: platform\npackage countersign.rules.acme.days\n\nimport data.countersign.lib.acme\n\nwarn contains sprintf(\"days %d, banned %s\", [acme.max_days, concat(\",\", data.acme.banned)])\n";
const DATA: &str =
    "{\"max_days\": 30, \"min_reviews\": 1, \"banned\": [\"a\"], \"allowed\": [\"x\", \"y\"], \"fixed\": true}";

/// A gzipped tar of these files.
pub(crate) fn bundle(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, text) in files {
        builder.append(&header(path, text.len(), tar::EntryType::Regular), text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

/// A header as nobody's library would write it: any path goes.
fn header(path: &str, len: usize, kind: tar::EntryType) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_size(u64::try_from(len).unwrap());
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

fn acme() -> Vec<u8> {
    bundle(&[
        (
            ".manifest",
            "{\"revision\": \"7\", \"roots\": [\"countersign/lib/acme\", \"countersign/rules/acme\", \"acme\"]}",
        ),
        ("lib/acme.rego", LIB),
        ("rules/days.rego", RULE),
        ("rules/days_test.rego", "no rego at all"),
        ("acme/data.json", DATA),
        ("README.md", "# acme"),
    ])
}

/// `check` of the scenario `pass`, with files in a directory of their own that `@` stands for.
fn check(files: &[(&str, Vec<u8>)], arguments: &[&str]) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let here = dir.path().display().to_string();
    let scenario = fixture("scenarios/pass");
    let text = std::fs::read_to_string(scenario.join("scenario.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let args = table["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap().to_owned());
    // Bundles are pinned to what they are.
    let pin = |text: &str| {
        let bytes = files.iter().find(|(name, _)| text == format!("@/{name}") && name.ends_with(".tar.gz"));
        bytes.map_or_else(String::new, |(_, bytes)| format!("@{}", Digest::of(bytes)))
    };
    let further = arguments.iter().map(|text| text.replace("@/", &format!("{here}/")) + &pin(text));
    let Output { status, stdout, stderr } =
        command().current_dir(&scenario).arg("check").args(args).args(further).output().unwrap();
    let all = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    (status.code(), all.replace(&here, "@"))
}

#[track_caller]
fn says((code, text): &(Option<i32>, String), exit: i32, told: &[&str]) {
    assert_eq!(*code, Some(exit), "{text}");
    for told in told {
        assert!(text.contains(told), "{told:?} is not in:\n{text}");
    }
}

#[test]
fn a_bundle_brings_rules_and_data_and_a_lower_layer_moves_what_it_may() {
    let with = |data: &str, place: &str| {
        let files = [("acme.tar.gz", acme()), ("own/data.json", data.as_bytes().to_vec())];
        check(&files, &["--policy", "@/acme.tar.gz", "--policy", place])
    };
    says(&check(&[("acme.tar.gz", acme())], &["--policy", "@/acme.tar.gz"]), 0, &["WARN", "days 30, banned a"]);
    says(&with("{\"acme\": {\"max_days\": 7, \"banned\": [\"b\", \"a\"]}}", "@/own"), 0, &["days 7, banned b,a"]);
    says(&with("{\"acme\": {\"max_days\": 30, \"min_reviews\": 2, \"allowed\": []}}", "team:@/own"), 0, &["days 30"]);
    for (data, told) in [
        (
            "{\"acme\": {\"max_days\": 31}}",
            "`data.acme.max_days` is 30 in @/acme.tar.gz!acme/data.json, which lets it move only-lower here",
        ),
        ("{\"acme\": {\"min_reviews\": 0}}", "lets it move only-higher here"),
        ("{\"acme\": {\"banned\": [\"b\"]}}", "lets it move only-add here"),
        ("{\"acme\": {\"allowed\": [\"x\", \"z\"]}}", "lets it move only-remove here"),
        ("{\"acme\": {\"max_days\": \"7\"}}", "cannot be compared so"),
        (
            "{\"acme\": {\"fixed\": false}}",
            "`data.acme.fixed` belongs to the organisation layer (@/acme.tar.gz!acme/data.json), which does not let the repository layer change it",
        ),
        ("{\"acme\": {\"new\": 1}}", "`data.acme.new` belongs to the organisation layer"),
        ("{\"acme\": 3}", "`data.acme` belongs to the organisation layer"),
    ] {
        says(&with(data, "@/own"), 3, &["error: @/own/data.json: ", told]);
    }
    // What a lower layer declares about a higher one's data is nothing to it.
    let lax = LIB
        .replace("lib.acme", "lib.mine")
        .replace("data.acme.max_days, direction: only-lower", "data.acme.max_days, direction: only-higher")
        .replace("max_days := data.acme.max_days\n", "x := 1\n");
    let files = [("acme.tar.gz", acme()), ("own/mine.rego", lax.into_bytes())];
    says(
        &check(&files, &["--policy", "@/acme.tar.gz", "--policy", "@/own"]),
        3,
        &["is declared overridable, and is no data of that layer or a lower one"],
    );
}

#[test]
fn a_package_belongs_to_one_layer() {
    let own = |source: &str| {
        let files = [("acme.tar.gz", acme()), ("own.rego", source.as_bytes().to_vec())];
        check(&files, &["--policy", "@/own.rego", "--policy", "@/acme.tar.gz"])
    };
    for package in ["countersign.rules.acme.days", "countersign.lib.acme", "countersign.lib.acme.more"] {
        let source = RULE
            .replace("countersign.rules.acme.days", package)
            .replace("import data.countersign.lib.acme\n", "")
            .replace("acme.max_days", "1")
            .replace("data.acme.banned", "[]");
        let told = own(&source);
        says(
            &told,
            3,
            &["error: @/own.rego: the package", "belongs to another layer (organisation), by @/acme.tar.gz!"],
        );
    }
    let beside = "# METADATA\n# title: t\n# custom: {owner: o}\npackage countersign.rules.own.r\n\nwarn contains sprintf(\"own %d\", [data.acme.max_days])\n";
    says(&own(beside), 0, &["own 30", "days 30"]);
}

#[test]
fn a_pin_holds_a_file_a_directory_and_a_bundle_to_their_digest() {
    let archive = acme();
    let sha = |bytes: &[u8]| Digest::of(bytes).hex();
    let rule = RULE
        .replace("import data.countersign.lib.acme\n", "")
        .replace("acme.max_days", "1")
        .replace("data.acme.banned", "[\"z\"]");
    let sums = format!("{}  a.rego\n{}  sub/data.json\n", sha(rule.as_bytes()), sha(b"{}"));
    let files = || {
        [
            ("acme.tar.gz", archive.clone()),
            ("own/a.rego", rule.clone().into_bytes()),
            ("own/sub/data.json", b"{}".to_vec()),
            ("own/a_test.rego", b"no rego".to_vec()),
        ]
    };
    for (path, digest) in
        [("@/acme.tar.gz", sha(&archive)), ("@/own", sha(sums.as_bytes())), ("@/own/a.rego", sha(rule.as_bytes()))]
    {
        says(&check(&files(), &["--policy", &format!("{path}@sha256:{digest}")]), 0, &["days"]);
        let other = "0".repeat(64);
        let told = check(&files(), &["--policy", &format!("{path}@sha256:{other}")]);
        says(&told, 3, &[&format!("error: {path}: has the digest sha256:{digest}, and is pinned to sha256:{other}")]);
    }
    says(&check(&files(), &["--policy", "@/own@sha256:12"]), 2, &["no sha256 digest of 64 hexadecimal digits"]);
}

#[test]
fn the_profile_of_a_bundle_is_in_force_and_a_repository_can_only_tighten_it() {
    let shipped = std::fs::read_to_string(root().join("policies/profiles/default.yaml"))
        .unwrap()
        .replace("name: default", "name: acme")
        .replace("\nrules: {}", "\nrules: {acme/days: warn}");
    let archive = bundle(&[
        ("lib/acme.rego", LIB),
        ("rules/days.rego", RULE),
        ("acme/data.json", DATA),
        ("profile.yaml", &shipped),
    ]);
    let with = |own: &str| {
        let files = [("acme.tar.gz", archive.clone()), ("p.yaml", own.as_bytes().to_vec())];
        check(&files, &["--policy", "@/acme.tar.gz", "--profile", "@/p.yaml"])
    };
    let alone = check(&[("acme.tar.gz", archive.clone())], &["--policy", "@/acme.tar.gz"]);
    says(&alone, 0, &["acme/days only warns", "days 30"]);
    let own = shipped.replace("name: acme", "name: shop");
    says(&with(&own), 0, &["acme/days only warns"]);
    says(
        &with(
            &own.replace("acme/days: warn", "acme/days: enforce")
                .replace("critical: 1, high: 7", "critical: 0, high: 7"),
        ),
        0,
        &["acme/days"],
    );
    for (from, to, told) in [
        (
            "acme/days: warn",
            "acme/days: off",
            "rules: `acme/days` is stricter in @/acme.tar.gz!profile.yaml, and can only be tightened here",
        ),
        ("acme/days: warn", "findings/threshold: warn", "rules: `findings/threshold` is stricter in"),
        (
            "critical: 1, high: 7",
            "critical: 2, high: 7",
            "`profile.fix_by_days.critical` is 1 in @/acme.tar.gz!profile.yaml, which lets it move only-lower here",
        ),
        (
            "critical: 1, high: 7",
            "critical: 1, high: 3",
            "`profile.fix_by_days.high` belongs to the organisation layer",
        ),
        ("max_age_hours: 24", "max_age_hours: 48", "`profile.coverage` belongs to the organisation layer"),
        ("    - { check: sast }\n", "", "`profile.coverage` belongs to the organisation layer"),
    ] {
        assert!(own.contains(from), "{from}");
        says(&with(&own.replacen(from, to, 1)), 3, &["error: @/p.yaml: ", told]);
    }
    let named = check(&[("acme.tar.gz", archive.clone())], &["--policy", "@/acme.tar.gz", "--profile", "startup"]);
    says(&named, 3, &["belongs to the organisation layer"]);
}

#[test]
fn what_must_not_be_in_an_archive_is_refused() {
    let sound = (
        "r.rego",
        "# METADATA\n# title: t\n# custom: {owner: o}\npackage countersign.rules.own.r\nwarn contains \"w\"\n",
    );
    let one = |path: &str, kind: tar::EntryType, text: &str| {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        builder.append(&header(sound.0, sound.1.len(), tar::EntryType::Regular), sound.1.as_bytes()).unwrap();
        let mut header = header(path, text.len(), kind);
        if matches!(kind, tar::EntryType::Symlink | tar::EntryType::Link) {
            header.set_link_name("/etc/passwd").unwrap();
            header.set_cksum();
        }
        builder.append(&header, text.as_bytes()).unwrap();
        builder.into_inner().unwrap().finish().unwrap()
    };
    let regular = tar::EntryType::Regular;
    let bomb = {
        let mut gz = GzEncoder::new(Vec::new(), Compression::best());
        let zeros = vec![0; 1 << 20];
        (0..80).for_each(|_| gz.write_all(&zeros).unwrap());
        gz.finish().unwrap()
    };
    let many = {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        (0..10_002).for_each(|n| builder.append(&header(&format!("{n}.md"), 0, regular), &[][..]).unwrap());
        builder.into_inner().unwrap().finish().unwrap()
    };
    let roots = "{\"roots\": [\"countersign/rules/own\", \"acme\"]}";
    let long = |path: &str| bundle(&[(".manifest", roots), sound, (path, "{\"x\": 1}")]);
    let mut trailing = bundle(&[sound]);
    trailing.extend_from_slice(&bundle(&[sound]));
    let mut broken = bundle(&[sound]);
    broken.truncate(broken.len() - 12);
    for (archive, told) in [
        (one("../up.rego", regular, "package x"), "leads out of the archive"),
        (one("a/../../up.rego", regular, "package x"), "leads out of the archive"),
        (one("/..", regular, "package x"), "leads out of the archive"),
        (one("a\\b.rego", regular, "package x"), "leads out of the archive"),
        (one("C:x.rego", regular, "package x"), "leads out of the archive"),
        (one("l.rego", tar::EntryType::Symlink, ""), "is a link or a device"),
        (one("data.json", tar::EntryType::Link, ""), "is a link or a device"),
        (one("p.rego", tar::EntryType::Fifo, ""), "is a link or a device"),
        (one("./r.rego", regular, "package x"), "is in the archive twice"),
        (one("R.REGO", regular, "package x"), "is in the archive twice"),
        (one("limits.json", regular, "{}"), "data is read from files that are called data.json"),
        (one("policy.wasm", regular, "x"), "compiled policies cannot be checked"),
        (one(".manifest", regular, "{"), ".manifest:1"),
        (one(".manifest", regular, "{\"roots\": [\"a\"], \"roots\": [\"\"]}"), ".manifest:1"),
        (one(".manifest", regular, "{\"wasm\": [{}]}"), "compiled policies (wasm) cannot be checked"),
        (one(".manifest", regular, "{\"rego_version\": 7}"), "a version of Rego that is not known"),
        (
            one(".manifest", regular, "{\"roots\": [\"acme\"]}"),
            "`countersign/rules/own/r` is outside of the bundle's roots",
        ),
        (long("other/data.json"), "`other` is outside of the bundle's roots"),
        (long("data.json"), "`x` is outside of the bundle's roots"),
        (bomb, "unpacks to more than the limit"),
        (many, "more than the limit of 10000 entries"),
        (trailing, "something follows the end of the gzip stream"),
        (broken, "no sound gzip"),
        (b"PK\x03\x04".to_vec(), "no sound gzip"),
        (bundle(&[("README.md", "# x")]), "holds neither policy nor data"),
    ] {
        let told_by = check(&[("b.tar.gz", archive)], &["--policy", "@/b.tar.gz"]);
        says(&told_by, 3, &["error: @/b.tar.gz", told]);
    }
    says(
        &check(
            &[("b.tar.gz", bundle(&[(".manifest", roots), sound, ("acme/x/data.yaml", "y: 1\n")]))],
            &["--policy", "@/b.tar.gz"],
        ),
        0,
        &["WARN"],
    );
}

#[test]
fn what_opa_itself_builds_is_read() {
    // `opa build -b opa-build --revision 7 -o opa-build.tar.gz` (1.21.1): it puts all data into one file at the top, and begins
    // each path with a slash.
    let bytes = std::fs::read(fixture("policies/opa-build.tar.gz")).unwrap();
    says(
        &check(&[("b.tar.gz", bytes)], &["--policy", "@/b.tar.gz"]),
        0,
        &["WARN", "from a bundle that opa built: 14 days"],
    );
    says(
        &check(&[], &["--policy", &fixture("policies/opa-build").display().to_string()]),
        0,
        &["WARN", "built: 14 days"],
    );
}
