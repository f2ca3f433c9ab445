//! `policy diff`: what new policies demand otherwise than old ones, and which way.
//!
//! What must stay true: every difference in rules, data and profile is listed; "looser" and "stricter" are said only where a word of
//! the policies decides it (a mode, a threshold, a severity, a day, a declared direction), and nothing else is called harmless.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{Bundle, Overridable, PolicyFile, RuleInfo, lexer};
use crate::model::profile::Profile;

/// Which way a difference goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Less is demanded than before.
    Looser,
    /// Nothing says which way that is.
    Changed,
    /// More is demanded than before.
    Stricter,
}

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// A rule, or what its METADATA says.
    Rule,
    /// Code that rules share, or that admits exceptions.
    Package,
    /// A value of external data.
    Data,
    /// A value of the profile.
    Profile,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is about.
    pub part: Part,
    /// The rule's id, the package, or the key with dots.
    pub key: String,
    /// Which way.
    pub way: Way,
    /// Of a rule or package: which of its properties; empty for the whole.
    pub field: &'static str,
    /// What was there; `None` where nothing was.
    pub old: Option<Json>,
    /// What is there now.
    pub new: Option<Json>,
}

/// Policies, and the profile that came with them.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The policies.
    pub bundle: &'a Bundle,
    /// The profile.
    pub profile: Option<&'a Profile>,
}

/// Every difference, sorted.
#[must_use]
pub fn diff(old: Side<'_>, new: Side<'_>) -> Vec<Difference> {
    let mut all = Vec::new();
    rules(old.bundle, new.bundle, &mut all);
    packages(old.bundle, new.bundle, &mut all);
    let declared = &old.bundle.overridable;
    let data = |bundle: &Bundle| Json::Object(bundle.data.clone().into_iter().collect());
    let compared = Values { part: Part::Data, declared, words: |_, _, _| None };
    compared.add(&mut vec!["data".to_owned()], Some(&data(old.bundle)), Some(&data(new.bundle)), &mut all);
    let profile = |side: Side<'_>| side.profile.and_then(|profile| serde_json::to_value(profile).ok());
    let (before, after) = (profile(old), profile(new));
    let compared = Values { part: Part::Profile, declared, words: by_words };
    compared.add(&mut vec!["profile".to_owned()], before.as_ref(), after.as_ref(), &mut all);
    all.sort_by(|a, b| (a.part, &a.key, a.way, a.field).cmp(&(b.part, &b.key, b.way, b.field)));
    all
}

fn rules(old: &Bundle, new: &Bundle, all: &mut Vec<Difference>) {
    for id in old.rules.iter().chain(&new.rules).map(|rule| &rule.id).collect::<BTreeSet<_>>() {
        let mut add = |way, field, old: Option<Json>, new: Option<Json>| {
            all.push(Difference { part: Part::Rule, key: id.clone(), way, field, old, new });
        };
        match (find(old, id), find(new, id)) {
            (Some(one), Some(other)) => {
                for (field, way, before, after) in properties(one, other) {
                    if before != after {
                        add(way, field, Some(before), Some(after));
                    }
                }
                if code(old, &one.path) != code(new, &other.path) {
                    add(Way::Changed, "code", None, None);
                }
            }
            (Some(gone), None) => add(Way::Looser, "", Some(gone.title.as_raw().into()), None),
            (None, Some(come)) => add(Way::Stricter, "", None, Some(come.title.as_raw().into())),
            (None, None) => {}
        }
    }
}

fn find<'a>(bundle: &'a Bundle, id: &str) -> Option<&'a RuleInfo> {
    bundle.rules.iter().find(|rule| rule.id == id)
}

/// A property of a rule: its name, which way it went, and its value before and after.
type Property = (&'static str, Way, Json, Json);

fn properties(old: &RuleInfo, new: &RuleInfo) -> Vec<Property> {
    let property = |name, way, of: fn(&RuleInfo) -> Json| (name, way, of(old), of(new));
    // A rule warns before its first day and is gone from its last day on: sooner is stricter there, and looser here.
    let ends = match (old.deprecated_on, new.deprecated_on) {
        (None, Some(_)) => Way::Looser,
        (Some(_), None) => Way::Stricter,
        (old, new) => Way::of(new.cmp(&old)),
    };
    vec![
        property("controls", Way::Changed, |rule| json!(rule.controls)),
        property("deprecated_on", ends, |rule| json!(rule.deprecated_on)),
        property("effective_on", Way::of(old.effective_on.cmp(&new.effective_on)), |rule| json!(rule.effective_on)),
        property("owner", Way::Changed, |rule| json!(rule.owner)),
        property("scope", Way::Changed, |rule| json!(if rule.per_finding { "finding" } else { "release" })),
        property("severity", Way::of(new.severity.cmp(&old.severity)), |rule| json!(rule.severity)),
        property("title", Way::Changed, |rule| json!(rule.title)),
    ]
}

impl Way {
    /// More is stricter.
    fn of(more: Ordering) -> Self {
        match more {
            Ordering::Less => Self::Looser,
            Ordering::Equal => Self::Changed,
            Ordering::Greater => Self::Stricter,
        }
    }
}

/// Code that is no rule of its own.
fn packages(old: &Bundle, new: &Bundle, all: &mut Vec<Difference>) {
    let of = |bundle: &Bundle| -> BTreeMap<String, String> {
        let is_rule = |file: &&PolicyFile| bundle.rules.iter().any(|rule| rule.path == file.path);
        let code = bundle.files.iter().filter(|file| file.path.ends_with(".rego") && !is_rule(file));
        code.map(|file| {
            let package = lexer::lex(&file.path, &file.source).ok().and_then(|lexed| lexed.package());
            (package.map_or_else(|| file.path.clone(), |(name, _)| name), statements(&file.source))
        })
        .fold(BTreeMap::new(), |mut all: BTreeMap<String, String>, (package, text)| {
            all.entry(package).or_default().push_str(&text);
            all
        })
    };
    let (old, new) = (of(old), of(new));
    for package in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let (before, after) = (old.get(package), new.get(package));
        if before == after {
            continue;
        }
        let there = |text: Option<&String>| text.map(|_| json!(package));
        let (field, old, new) = match (before, after) {
            (Some(_), Some(_)) => ("code", None, None),
            (before, after) => ("", there(before), there(after)),
        };
        all.push(Difference { part: Part::Package, key: package.clone(), way: Way::Changed, field, old, new });
    }
}

fn code(bundle: &Bundle, path: &str) -> Option<String> {
    bundle.files.iter().find(|file| file.path == path).map(|file| statements(&file.source))
}

/// A policy without its comments at the beginning of lines and without blank lines.
fn statements(source: &str) -> String {
    let lines = source.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// What the words of the profile say of a key, its old and its new value.
type Words = fn(&[String], Option<&Json>, Option<&Json>) -> Option<Way>;

/// Values that are compared key by key.
struct Values<'a> {
    part: Part,
    /// The direction in which a lower layer may move a key is the stricter one.
    declared: &'a [Overridable],
    /// Which way a value went, where the words of the profile say it.
    words: Words,
}

impl Values<'_> {
    fn add(&self, key: &mut Vec<String>, old: Option<&Json>, new: Option<&Json>, all: &mut Vec<Difference>) {
        if old == new {
            return;
        }
        let declared = self.declared.iter().find(|declared| declared.key == *key);
        if let (None, Some(Json::Object(before)), Some(Json::Object(after))) = (declared, old, new) {
            for name in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
                key.push(name.clone());
                self.add(key, before.get(name), after.get(name), all);
                key.pop();
            }
            return;
        }
        let way = match (declared, old, new) {
            (Some(declared), Some(old), Some(new)) => declared.direction.way(old, new),
            (Some(_), ..) => None,
            (None, old, new) => (self.words)(key, old, new),
        };
        all.push(Difference {
            part: self.part,
            key: key.join("."),
            way: way.unwrap_or(Way::Changed),
            field: "",
            old: old.cloned(),
            new: new.cloned(),
        });
    }
}

/// The words of a profile that have an order, the laxest first.
const ORDERS: [&[&str]; 2] = [&["ignore", "ticket", "warn", "block"], &["off", "warn", "enforce"]];

fn by_words(key: &[String], old: Option<&Json>, new: Option<&Json>) -> Option<Way> {
    let is_mode = key.get(1).is_some_and(|name| name == "rules");
    let order = ORDERS.get(usize::from(is_mode))?;
    // A rule that the profile does not name is enforced.
    let place = |value: Option<&Json>| {
        let word = match value {
            None if is_mode => "enforce",
            value => value?.as_str()?,
        };
        order.iter().position(|known| *known == word)
    };
    Some(Way::of(place(new)?.cmp(&place(old)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Layer;

    fn bundle(rule: &str, lib: &str, data: &str) -> Bundle {
        let files = [("r.rego", rule), ("l.rego", lib), ("data.json", data)];
        let file = |(path, text): (&str, &str)| PolicyFile::new(path, Layer::Organisation, text.to_owned());
        Bundle::load(files.into_iter().map(file).collect(), &[]).unwrap()
    }

    fn rule(metadata: &str, body: &str) -> String {
        format!("# METADATA\n# title: t\n# custom:\n#   owner: o\n{metadata}package countersign.rules.a.r\n{body}\n")
    }

    const LIB: &str = "# METADATA\n# title: t\n# custom:\n#   owner: o\n#   overridable:\n#     - {key: data.acme.days, direction: only-lower}\n#     - {key: data.acme.banned, direction: only-add}\npackage countersign.lib.l\nx := data.acme.days\n";
    const DATA: &str = r#"{"acme": {"days": 30, "banned": ["a"], "free": {"word": 1}}}"#;

    fn said(old: &Bundle, new: &Bundle) -> Vec<String> {
        let side = |bundle| Side { bundle, profile: None };
        let line = |one: Difference| format!("{:?} {:?} {} {}", one.way, one.part, one.key, one.field);
        diff(side(old), side(new)).into_iter().map(line).collect()
    }

    #[test]
    fn what_is_declared_says_which_way_and_the_rest_is_listed() {
        let old = bundle(&rule("#   severity: high\n", "deny contains 1 if false"), LIB, DATA);
        assert!(said(&old, &old).is_empty());
        let data = DATA.replace("30", "60").replace("[\"a\"]", "[\"a\", \"b\"]").replace("\"word\": 1", "\"other\": 2");
        let new = bundle(
            &rule("#   severity: low\n#   effective_on: 2026-12-01\n", "# why\n\ndeny contains 2 if false"),
            &LIB.replace("x :=", "y :="),
            &data,
        );
        assert_eq!(
            said(&old, &new),
            [
                "Looser Rule a/r effective_on",
                "Looser Rule a/r severity",
                "Changed Rule a/r code",
                "Changed Package countersign.lib.l code",
                "Stricter Data data.acme.banned ",
                "Looser Data data.acme.days ",
                "Changed Data data.acme.free.other ",
                "Changed Data data.acme.free.word ",
            ]
        );
        let back = said(&new, &old);
        assert!(back.contains(&"Stricter Rule a/r severity".to_owned()), "{back:?}");
        assert!(back.contains(&"Looser Data data.acme.banned ".to_owned()), "{back:?}");
    }

    #[test]
    fn a_comment_is_no_difference() {
        let old = bundle(&rule("", "deny contains 1 if false"), LIB, DATA);
        let new = bundle(&rule("", "# why\n\ndeny contains 1 if false"), LIB, DATA);
        assert!(said(&old, &new).is_empty());
    }

    #[test]
    fn words_of_a_profile_have_an_order() {
        let key = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        for (path, old, new, way) in [
            ("profile.rules.a/r", Some(json!("enforce")), Some(json!("off")), Some(Way::Looser)),
            ("profile.rules.a/r", Some(json!("warn")), None, Some(Way::Stricter)),
            ("profile.rules.a/r", None, Some(json!("warn")), Some(Way::Looser)),
            ("profile.plans.destroys", Some(json!("warn")), Some(json!("block")), Some(Way::Stricter)),
            ("profile.plans.destroys", Some(json!("warn")), Some(json!("off")), None),
            ("profile.plans.destroys", None, Some(json!("block")), None),
            ("profile.change.approvals", Some(json!(1)), Some(json!(2)), None),
        ] {
            assert_eq!(by_words(&key(path), old.as_ref(), new.as_ref()), way, "{path}");
        }
    }
}
