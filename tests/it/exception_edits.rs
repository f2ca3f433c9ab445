//! Changes to files of records: what is written, byte for byte, and what is refused.

use countersign::exceptions;
use countersign::exceptions::edit::{self, EditError};
use countersign::model::exception::{Exception, Renewal, RiskApproval};

fn renewal() -> Renewal {
    Renewal {
        on: "2026-11-21".parse().unwrap(),
        until: "2026-12-31".parse().unwrap(),
        reason: "the upgrade waits: SHOP-400".into(),
    }
}

fn approval() -> RiskApproval {
    RiskApproval {
        by: "jo@example.com".into(),
        role: None,
        at: Some("2026-11-21".parse().unwrap()),
        signature: Some("A.jo.sig".into()),
    }
}

const NEW: &str = "{ on: 2026-11-21, until: 2026-12-31, reason: \"the upgrade waits: SHOP-400\" }";
const SIGNED: &str = "{ by: jo@example.com, at: 2026-11-21, signature: A.jo.sig }";

/// Files before and after `renew A` and `approve A`: `END` stands for the date, the rest see [`told`].
const BLOCK: &[(&str, &str)] = &[
    (
        "the usual way, with comments",
        "\
# accepted risks
- id: A   # the first
  match: { ids: [CVE-2026-1] }
  owner: o
  reason: >-
    two
    lines
  mitigation: m
  created: 2026-11-01
  expires: END  # reviewed
+R  renewals:
+R    - NEW
+A  approvals:
+A    - SIGNED

# the second
- id: B
  match: { ids: [CVE-2026-2] }
  owner: o
  reason: r
  mitigation: m
  created: 2026-11-01
  expires: 2026-11-30
# the end
",
    ),
    (
        "lists that are there, indented and not, in the last record",
        "\
- id: A
  match: { ids: [CVE-2026-1] }
  owner: o
  reason: r
  mitigation: m
  created: 2026-11-01
  renewals:
  # the first
  - { on: 2026-11-02, until: 2026-11-30, reason: r }
+R  - NEW
  # before the end
  expires: \"END\"
  approvals:
      - by: kim@example.com
        role: lead
+A      - SIGNED
",
    ),
    (
        "flow lists",
        "\
-   expires: 'END'
    id: A
    match: { ids: [CVE-2026-1] }
    owner: it's, ours
    reason: r
    mitigation: m
    created: 2026-11-01
    renewals: [ { on: 2026-11-02, until: 2026-11-30, reason: \"a ] b\" }@R ]
    approvals: [{ by: kim }@A]
",
    ),
    (
        "a record in flow style",
        "- { id: A, match: { ids: [CVE-2026-1] }, owner: o, reason: r, mitigation: m, created: 2026-11-01, expires: END@r@a }
",
    ),
];

/// The text with what one edit puts in, or without: lines that start with `+`, and what `@` stands for within a line.
fn told(template: &str, date: &str, with: &str) -> String {
    let mut text = String::new();
    for line in template.split_inclusive('\n') {
        match line.strip_prefix('+') {
            None => text.push_str(line),
            Some(new) if new.starts_with(with) => text.push_str(&new[1..]),
            Some(_) => {}
        }
    }
    for (mark, new) in
        [("@R", ", NEW"), ("@r", ", renewals: [NEW]"), ("@A", ", SIGNED"), ("@a", ", approvals: [SIGNED]")]
    {
        text = text.replace(mark, if mark[1..].eq_ignore_ascii_case(with) { new } else { "" });
    }
    text.replace("END", date).replace("NEW", NEW).replace("SIGNED", SIGNED)
}

#[test]
fn only_what_changes_is_written() {
    for (what, template) in BLOCK {
        let before = told(template, "2026-11-30", "-");
        for newline in ["\n", "\r\n"] {
            let as_written = |text: &str| text.replace('\n', newline);
            let renewed = edit::renew("e.yaml", &as_written(&before), "A", &renewal());
            let expected = as_written(&told(template, "2026-12-31", "R"));
            assert_eq!(renewed.unwrap_or_else(|e| panic!("{what}: {e}\n{before}")), expected, "{what}");
            let approved = edit::approve("e.yaml", &as_written(&before), "A", &approval());
            let expected = as_written(&told(template, "2026-11-30", "A"));
            assert_eq!(approved.unwrap_or_else(|e| panic!("{what}: {e}\n{before}")), expected, "{what}");
        }
    }
}

fn record() -> Exception {
    let text = "- id: EX-N\n  match: { ids: [CVE-2026-9], package: \"pkg:npm/a@1\", path: 'web/[[]id]/**' }\n  scope: { service: [shop] }\n  \
                owner: '@acme/team'\n  reason: 'not: reachable # really'\n  mitigation: m\n  evidence: [\"control:waf\"]\n  residual_risk: low\n  \
                created: 2026-11-01\n  expires: 2026-11-30\n  ticket: SEC-1\n";
    exceptions::read([("n.yaml", text.as_bytes())]).unwrap().remove(0).exception
}

const WRITTEN: &str = "\
- id: EX-N
  match: { ids: [CVE-2026-9], package: \"pkg:npm/a@1\", path: \"web/[[]id]/**\" }
  scope: { service: [shop] }
  owner: \"@acme/team\"
  reason: \"not: reachable # really\"
  mitigation: m
  evidence: [\"control:waf\"]
  residual_risk: low
  created: 2026-11-01
  expires: 2026-11-30
  ticket: SEC-1
";

#[test]
fn a_record_is_put_behind_the_last_one() {
    let sound = "  match: { ids: [CVE-2026-1] }\n  owner: o\n  reason: r\n  mitigation: m\n  created: 2026-11-01\n  expires: 2026-11-30";
    let indented = |text: &str| text.lines().map(|line| format!("    {line}\n")).collect::<String>();
    let toml = "[[exception]]\nid = 'A'\nmatch = { rule = 'B602' }\nowner = 'o'\nreason = 'r'\nmitigation = 'm'\ncreated = 2026-11-01\nexpires = 2026-11-30\n";
    let toml_new = "[[exception]]\nid = \"EX-N\"\nmatch = { ids = [\"CVE-2026-9\"], package = \"pkg:npm/a@1\", path = \"web/[[]id]/**\" }\nscope = { service = [\"shop\"] }\nowner = \"@acme/team\"\nreason = \"not: reachable # really\"\nmitigation = \"m\"\nevidence = [\"control:waf\"]\nresidual_risk = \"low\"\ncreated = 2026-11-01\nexpires = 2026-11-30\nticket = \"SEC-1\"\n";
    for (file, before, after) in [
        ("e.yaml", None, WRITTEN.to_owned()),
        ("e.yaml", Some("[]".to_owned()), WRITTEN.to_owned()),
        (
            "e.yaml",
            Some("# none yet\n[]  # so far\n# end\n".to_owned()),
            format!("# none yet\n# so far\n{WRITTEN}# end\n"),
        ),
        ("e.yaml", Some(format!("- id: A\n{sound}\n# end\n")), format!("- id: A\n{sound}\n# end\n{WRITTEN}")),
        ("e.yaml", Some(format!("- id: A\n{sound}")), format!("- id: A\n{sound}\n{WRITTEN}")),
        (
            "e.yaml",
            Some(indented(&format!("- id: A\n{sound}"))),
            indented(&format!("- id: A\n{sound}")) + &indented(WRITTEN),
        ),
        ("e.toml", Some(toml.to_owned()), format!("{toml}\n{toml_new}")),
        ("e.toml", Some("exception = []\n".to_owned()), toml_new.to_owned()),
        ("e.toml", None, toml_new.to_owned()),
    ] {
        let edited = edit::append(file, before.as_deref(), &record());
        assert_eq!(edited.unwrap_or_else(|error| panic!("{before:?}: {error}")), after, "{before:?}");
    }
}

#[test]
fn toml_keeps_its_notation() {
    let toml = "# mine\n[[exception]]\nid = 'A'\nmatch = { rule = 'B602' }\nowner = 'o'\nreason = 'r'\nmitigation = 'm'\ncreated = 2026-11-01\nexpires = 2026-11-30 # soon\n";
    let new = "{ on = 2026-11-21, until = 2026-12-31, reason = \"the upgrade waits: SHOP-400\" }";
    let once = edit::renew("e.toml", toml, "A", &renewal()).unwrap();
    let renewed = toml.replace("2026-11-30 # soon\n", &format!("2026-12-31 # soon\nrenewals = [{new}]\n"));
    assert_eq!(once, renewed);
    let later = Renewal { until: "2027-01-31".parse().unwrap(), ..renewal() };
    let twice = edit::renew("e.toml", &once, "A", &later).unwrap();
    assert!(twice.contains("expires = 2027-01-31 # soon\n"), "{twice}");
    assert!(twice.contains(&format!("[{new}, {}]", new.replace("2026-12-31", "2027-01-31"))), "{twice}");
}

#[test]
fn what_has_no_sure_place_is_refused() {
    let flow = "[{ id: A, match: { ids: [CVE-2026-1] }, owner: o, reason: r, mitigation: m, created: 2026-11-01, expires: 2026-11-30 }]\n";
    let aliased = "- &a { id: A, match: { ids: [CVE-2026-1] }, owner: o, reason: r, mitigation: m, created: &d 2026-11-30, expires: *d }\n";
    assert!(matches!(edit::append("e.yaml", Some(flow), &record()), Err(EditError::NoPlace)));
    assert!(matches!(edit::renew("e.yaml", aliased, "A", &renewal()), Err(EditError::NoPlace)));
    assert!(matches!(edit::renew("e.yaml", flow, "B", &renewal()), Err(EditError::NoRecord(_))));
    assert!(matches!(edit::append("e.yaml", Some(WRITTEN), &record()), Err(EditError::Exists(_))));
    assert!(matches!(edit::renew("e.yaml", "- id: A\n", "A", &renewal()), Err(EditError::Unsound(_))));
    // A record in a list in flow style can still be renewed: its own brackets say where.
    assert!(edit::renew("e.yaml", flow, "A", &renewal()).unwrap().ends_with(&format!("renewals: [{NEW}] }}]\n")));
}

const JSON_NEW: &str =
    "{ \"on\": \"2026-11-21\", \"until\": \"2026-12-31\", \"reason\": \"the upgrade waits: SHOP-400\" }";
const JSON_SIGNED: &str = "{ \"by\": \"jo@example.com\", \"at\": \"2026-11-21\", \"signature\": \"A.jo.sig\" }";

/// As other programs write it: on one line, and on many, with the lists and without.
#[test]
fn json_keeps_its_notation() {
    let one_line = r#"[{"id":"A","match":{"ids":["CVE-2026-1"]},"owner":"it's, ]}","reason":"r","mitigation":"m","created":"2026-11-01","expires":"END"@r@a}]"#;
    let many = r#"[
    {
        "id": "A",
        "match": {"ids": ["CVE-2026-1"]},
        "expires": "END",
        "owner": "o", "reason": "r", "mitigation": "m",
        "created": "2026-11-01"@l@s
    },
    {
        "id": "B", "match": {"ids": ["CVE-2026-2"]}, "owner": "o", "reason": "r", "mitigation": "m",
        "created": "2026-11-01", "expires": "2026-11-30"
    }
]
"#;
    let listed = r#"[
	{
		"id": "A", "match": {"ids": ["CVE-2026-1"]}, "owner": "o", "reason": "r", "mitigation": "m",
		"created": "2026-11-01", "expires": "END",
		"renewals": [{"on": "2026-11-02", "until": "2026-11-30", "reason": "a ] b"}@1],
		"approvals": [
			{
				"by": "kim"
			}@2
		]
	}
]"#;
    let tell = |template: &str, end: &str, with: &[&str]| {
        let marks = [
            ("@r", format!(", \"renewals\": [{JSON_NEW}]")),
            ("@a", format!(", \"approvals\": [{JSON_SIGNED}]")),
            ("@l", format!(",\n        \"renewals\": [{JSON_NEW}]")),
            ("@s", format!(",\n        \"approvals\": [{JSON_SIGNED}]")),
            ("@1", format!(", {JSON_NEW}")),
            ("@2", format!(",\n\t\t\t{JSON_SIGNED}")),
        ];
        marks.iter().fold(template.replace("END", end), |text, (mark, new)| {
            text.replace(mark, if with.contains(mark) { new } else { "" })
        })
    };
    for template in [one_line, many, listed] {
        let template = template.replace("\\t", "\t");
        for mark in ["", "\u{feff}"] {
            for newline in ["\n", "\r\n"] {
                let as_written = |text: String| format!("{mark}{}", text.replace('\n', newline));
                let before = as_written(tell(&template, "2026-11-30", &[]));
                let renewed =
                    edit::renew("e.json", &before, "A", &renewal()).unwrap_or_else(|e| panic!("{e}\n{before}"));
                assert_eq!(renewed, as_written(tell(&template, "2026-12-31", &["@r", "@l", "@1"])));
                let approved =
                    edit::approve("e.json", &before, "A", &approval()).unwrap_or_else(|e| panic!("{e}\n{before}"));
                assert_eq!(approved, as_written(tell(&template, "2026-11-30", &["@a", "@s", "@2"])));
                let longer =
                    edit::append("e.json", Some(&before), &record()).unwrap_or_else(|e| panic!("{e}\n{before}"));
                assert!(longer.starts_with(before.trim_end().trim_end_matches(']').trim_end()), "{longer}");
            }
        }
    }
}

#[test]
fn a_record_of_json_is_put_behind_the_last_one() {
    let keys = r#""match": { "ids": ["CVE-2026-9"], "package": "pkg:npm/a@1", "path": "web/[[]id]/**" }
"scope": { "service": ["shop"] }
"owner": "@acme/team"
"reason": "not: reachable # really"
"mitigation": "m"
"evidence": ["control:waf"]
"residual_risk": "low"
"created": "2026-11-01"
"expires": "2026-11-30"
"ticket": "SEC-1""#;
    let new = |indent: &str| {
        let keys: Vec<String> =
            std::iter::once("\"id\": \"EX-N\"").chain(keys.lines()).map(|key| format!("{indent}  {key}")).collect();
        format!("{indent}{{\n{}\n{indent}}}", keys.join(",\n"))
    };
    let sound = r#""match": {"rule": "x"}, "owner": "o", "reason": "r", "mitigation": "m", "created": "2026-11-01", "expires": "2026-11-30""#;
    for (before, after) in [
        (None, format!("[\n{}\n]\n", new("  "))),
        (Some("[]\n".to_owned()), format!("[\n{}\n]\n", new("  "))),
        (Some("\u{feff}[ ]".to_owned()), format!("\u{feff}[\n{}\n]", new("  "))),
        (Some(format!("[{{\"id\": \"A\", {sound}}}]\n")), format!("[{{\"id\": \"A\", {sound}}},\n{}\n]\n", new("  "))),
        (
            Some(format!("[\n    {{\"id\": \"A\", {sound}}}\n]\n")),
            format!("[\n    {{\"id\": \"A\", {sound}}},\n{}\n]\n", new("    ")),
        ),
    ] {
        let edited = edit::append("e.json", before.as_deref(), &record());
        assert_eq!(edited.unwrap_or_else(|error| panic!("{before:?}: {error}")), after, "{before:?}");
    }
}

/// What some editors put before the first line stays there, and hides nothing of it.
#[test]
fn a_byte_order_mark_stays() {
    for (what, template) in BLOCK {
        let before = format!("\u{feff}{}", told(template, "2026-11-30", "-"));
        let renewed =
            edit::renew("e.yaml", &before, "A", &renewal()).unwrap_or_else(|e| panic!("{what}: {e}\n{before}"));
        assert_eq!(renewed, format!("\u{feff}{}", told(template, "2026-12-31", "R")), "{what}");
        let approved =
            edit::approve("e.yaml", &before, "A", &approval()).unwrap_or_else(|e| panic!("{what}: {e}\n{before}"));
        assert_eq!(approved, format!("\u{feff}{}", told(template, "2026-11-30", "A")), "{what}");
    }
    let longer = edit::append("e.yaml", Some("\u{feff}[]\n"), &record()).unwrap();
    assert_eq!(longer, format!("\u{feff}{WRITTEN}"));
    assert_eq!(
        edit::append("e.toml", Some("\u{feff}exception = []\n"), &record()).unwrap().matches('\u{feff}').count(),
        1
    );
    let again = edit::append("e.yaml", Some(&longer), &Exception { id: "EX-O".into(), ..record() }).unwrap();
    assert_eq!(again, format!("\u{feff}{WRITTEN}{}", WRITTEN.replace("EX-N", "EX-O")));
}

/// Whoever approves again has seen what the record says now: the day of the entry is a new one, and there is no second entry.
#[test]
fn who_approves_again_has_one_entry() {
    let once = edit::approve("e.yaml", WRITTEN, "EX-N", &approval()).unwrap();
    let later = RiskApproval { at: Some("2026-11-25".parse().unwrap()), ..approval() };
    let again = edit::approve("e.yaml", &once, "EX-N", &later).unwrap();
    assert_eq!(again, once.replace("at: 2026-11-21", "at: 2026-11-25"));
    let other = RiskApproval { by: "kim".into(), ..later };
    assert_eq!(edit::approve("e.yaml", &again, "EX-N", &other).unwrap().matches("- { by:").count(), 2);
}
