//! Which rule a result is of, and what the rule says that the result does not.
//!
//! What must stay true: what is read of a rule is read once, however many results it has.

use std::borrow::Cow;
use std::collections::HashMap;

use super::log::{Component, ComponentReference, Descriptor, Message, Outcome, Properties, Reference, Run};
use super::tools::kind_of_tag;
use crate::formats::terms::{assessment, cwe, distinct, title, vulnerability_id};
use crate::model::finding::{Cvss, Kind};
use crate::model::text::Untrusted;

/// Levels of a hierarchical id, beyond which a log is only playing.
const LEVELS: usize = 16;

/// The rules of a run: those of the driver, then those of its extensions.
pub(super) struct Rules<'r, 'a> {
    /// The driver, then the extensions, each in its place: results point to them by index.
    components: Vec<Option<&'r Component<'a>>>,
    known: Vec<Vec<Option<Known<'r, 'a>>>>,
    by_id: HashMap<&'r str, (usize, usize)>,
    /// Components by GUID and by name.
    named: HashMap<&'r str, usize>,
    levels: HashMap<&'r str, &'r str>,
}

/// A rule, with what is derived from it.
pub(super) struct Known<'r, 'a> {
    /// The rule.
    pub(super) rule: &'r Descriptor<'a>,
    /// The component that it is of.
    pub(super) component: &'r Component<'a>,
    /// Its classes.
    pub(super) cwes: Vec<Untrusted>,
    /// Names of vulnerabilities among its tags and former ids.
    pub(super) aliases: Vec<Untrusted>,
    /// What its tags or its name say that it looks for.
    pub(super) kind: Option<Kind>,
    /// Whether its tags say that it is about security.
    pub(super) security: bool,
    /// Its description as one line.
    pub(super) name: Option<Untrusted>,
    /// What it says about the severity of each of its results.
    pub(super) cvss: Option<Box<Cvss>>,
}

impl<'r, 'a> Rules<'r, 'a> {
    /// The rules of a run.
    pub(super) fn of(run: &'r Run<'a>) -> Self {
        let tool = run.tool.get();
        let mut components = vec![tool.and_then(|tool| tool.driver.get())];
        components.extend(tool.into_iter().flat_map(|tool| tool.extensions.in_place()));
        let rules_of = |component: &'r Component<'a>| {
            component.rules.in_place().map(|rule| Some(Known::of(rule?, component))).collect()
        };
        let known: Vec<Vec<_>> = components.iter().map(|one| one.map(rules_of).unwrap_or_default()).collect();
        let mut by_id = HashMap::new();
        for (at, rules) in known.iter().enumerate() {
            for (index, rule) in rules.iter().enumerate() {
                if let Some(id) = rule.as_ref().and_then(|known| known.rule.id.get()) {
                    by_id.entry(id).or_insert((at, index));
                }
            }
        }
        let mut named = HashMap::new();
        for (at, component) in components.iter().enumerate() {
            for name in component.iter().flat_map(|component| [component.guid.get(), component.name.get()]).flatten() {
                named.entry(name).or_insert(at);
            }
        }
        Self { components, known, by_id, named, levels: overrides(run) }
    }

    /// The rule of a result, where the log describes it. An id that the log knows beats an index to another rule.
    pub(super) fn find(&self, result: &Outcome<'_>) -> Option<&Known<'r, 'a>> {
        let indexed = self.indexed(result);
        let Some(id) = said_id(result) else { return indexed };
        let fits = |known: &Known<'_, '_>| known.rule.id.get().is_some_and(|own| is_within(id, own));
        let by_id = || ancestors(id).find_map(|id| self.by_id.get(id));
        indexed
            .filter(|known| fits(known))
            .or_else(|| by_id().and_then(|(at, index)| self.known.get(*at)?.get(*index)?.as_ref()))
            .or(indexed)
    }

    fn indexed(&self, result: &Outcome<'_>) -> Option<&Known<'r, 'a>> {
        let reference = result.rule.get();
        let index = reference.and_then(|reference| reference.index.whole()).or(result.rule_index.whole())?;
        let at = match reference.and_then(|reference| reference.tool_component.get()) {
            Some(component) => self.component(component)?,
            None => 0,
        };
        self.known.get(at)?.get(usize::try_from(index).ok()?)?.as_ref()
    }

    /// The place of a component that is named by index (among the extensions), GUID or name.
    fn component(&self, reference: &ComponentReference<'_>) -> Option<usize> {
        if let Some(index) = reference.index.whole() {
            return usize::try_from(index).ok()?.checked_add(1);
        }
        [reference.guid.get(), reference.name.get()]
            .into_iter()
            .flatten()
            .find_map(|name| self.named.get(name))
            .copied()
    }

    /// The level that the invocation gave the rule of this id.
    pub(super) fn overridden(&self, id: &str) -> Option<&'r str> {
        ancestors(id).find_map(|id| self.levels.get(id)).copied()
    }

    /// The text of a message: its own, or the one that its id names in the rule or else in the component.
    pub(super) fn message<'m>(&self, message: &'m Message<'_>, known: Option<&Known<'r, 'm>>) -> Option<Cow<'m, str>>
    where
        'r: 'm,
        'a: 'm,
    {
        let template = message.text.get().or_else(|| {
            let id = message.id.get()?;
            let of_rule = known.and_then(|known| known.rule.message_strings.get(id)?.get());
            let component = known.map(|known| known.component).or(self.components.first().copied().flatten());
            of_rule.or_else(|| component?.global_message_strings.get(id)?.get())?.text.get()
        })?;
        Some(filled(template, message))
    }
}

impl<'r, 'a> Known<'r, 'a> {
    fn of(rule: &'r Descriptor<'a>, component: &'r Component<'a>) -> Self {
        let none = Properties::default();
        let properties = rule.properties.get().unwrap_or(&none);
        let mut cwes = classes(properties);
        let targets = rule.relationships.sound().filter_map(|relationship| relationship.target.get());
        cwes.extend(targets.filter_map(class_of));
        let names = properties.tags.iter().chain(rule.deprecated_ids.iter());
        let tags = || properties.tags.iter();
        let known = Self {
            rule,
            component,
            name: None,
            cwes: distinct(cwes),
            aliases: distinct(names.filter_map(vulnerability_id).collect()),
            kind: tags().chain(rule.name.get()).find_map(kind_of_tag),
            security: tags().any(|tag| tag.eq_ignore_ascii_case("security")),
            cvss: properties.vector.get().and_then(|vector| assessment(Some(vector), properties.score.real())),
        };
        Self { name: known.description().map(title), ..known }
    }

    /// A description that is more than the rule's id again.
    pub(super) fn description(&self) -> Option<&'r str> {
        let id = self.rule.id.get().unwrap_or_default();
        [&self.rule.short_description, &self.rule.full_description]
            .into_iter()
            .filter_map(|message| message.get()?.text.get())
            .find(|text| id.is_empty() || !text.ends_with(id))
            .or(self.rule.name.get())
    }
}

/// The id that a result gives its rule.
pub(super) fn said_id<'o>(result: &'o Outcome<'_>) -> Option<&'o str> {
    result.rule_id.get().or_else(|| result.rule.get()?.id.get())
}

/// Classes among the tags and properties of a rule or a result.
pub(super) fn classes(properties: &Properties<'_>) -> Vec<Untrusted> {
    let tags = properties.tags.iter().filter(|tag| tag.to_ascii_lowercase().contains("cwe"));
    tags.chain(properties.cwe.iter()).filter_map(cwe).collect()
}

/// The class that a reference into a taxonomy names.
pub(super) fn class_of(reference: &Reference<'_>) -> Option<Untrusted> {
    let id = reference.id.get()?;
    let of_cwe = reference.tool_component.get().and_then(|component| component.name.get());
    let is_class =
        of_cwe.is_some_and(|name| name.eq_ignore_ascii_case("cwe")) || id.to_ascii_uppercase().starts_with("CWE");
    if is_class { cwe(id) } else { None }
}

/// `CA1000/1/2`, `CA1000/1`, `CA1000`.
fn ancestors(id: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(id), |id| id.rsplit_once('/').map(|(parent, _)| parent)).take(LEVELS)
}

fn is_within(id: &str, parent: &str) -> bool {
    ancestors(id).any(|id| id == parent)
}

fn overrides<'r>(run: &'r Run<'_>) -> HashMap<&'r str, &'r str> {
    let driver = run.tool.get().and_then(|tool| tool.driver.get());
    let mut levels = HashMap::new();
    for one in run.invocations.0.sound().flat_map(|invocation| invocation.rule_configuration_overrides.sound()) {
        let Some(descriptor) = one.descriptor.get() else { continue };
        let by_index = || driver?.rules.at(usize::try_from(descriptor.index.whole()?).ok()?)?.id.get();
        let level = one.configuration.get().and_then(|configuration| configuration.level.get());
        if let Some((id, level)) = descriptor.id.get().or_else(by_index).zip(level) {
            levels.entry(id).or_insert(level);
        }
    }
    levels
}

/// A template with its arguments in place of `{0}` and without the targets of its links.
fn filled<'m>(template: &'m str, message: &Message<'_>) -> Cow<'m, str> {
    let templated = message.text.get().is_none() || message.arguments.iter().next().is_some();
    let text = if templated { substituted(template, message) } else { Cow::Borrowed(template) };
    if text.contains("](") { Cow::Owned(without_links(&text)) } else { text }
}

fn substituted<'m>(template: &'m str, message: &Message<'_>) -> Cow<'m, str> {
    if !template.contains(['{', '}']) {
        return Cow::Borrowed(template);
    }
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let argument = from.strip_prefix('{').and_then(|inner| {
            let (number, after) = inner.split_at(inner.find(|c: char| !c.is_ascii_digit())?);
            let argument = message.arguments.0.get(number.parse::<usize>().ok()?)?;
            Some((argument, after.strip_prefix('}')?))
        });
        rest = match argument {
            Some((argument, after)) => {
                out.push_str(argument);
                after
            }
            None => {
                let doubled = from.starts_with("{{") || from.starts_with("}}");
                let (brace, after) = from.split_at(1);
                out.push_str(brace);
                if doubled { after.split_at(1).1 } else { after }
            }
        };
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// `the [value](1) here` as `the value here`: the number points to a location of the log.
fn without_links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        let target = after.split_once(')').filter(|(target, _)| target.bytes().all(|byte| byte.is_ascii_digit()));
        let opening = before.rfind('[');
        match (opening, target) {
            (Some(at), Some((_, after))) => {
                let (start, label) = before.split_at(at);
                out.push_str(start);
                out.push_str(label.trim_start_matches('['));
                rest = after;
            }
            _ => {
                out.push_str(before);
                out.push_str("](");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> Run<'_> {
        serde_json::from_str(text).unwrap()
    }

    fn shown(run: &Run<'_>, result: &str) -> (Option<String>, Option<String>) {
        let result: Outcome<'_> = serde_json::from_str(result).unwrap();
        let rules = Rules::of(run);
        let known = rules.find(&result);
        let message = result.message.get().and_then(|message| rules.message(message, known)).map(Cow::into_owned);
        (known.and_then(|known| known.rule.id.get()).map(str::to_owned), message)
    }

    const RUN: &str = r#"{"tool":{
        "driver":{"name":"d","rules":[{"id":"CA1","messageStrings":{"default":{"text":"Use of {{{0}}} by {1}."}}},{"id":"CA2"}],
            "globalMessageStrings":{"all":{"text":"global {0}"}}},
        "extensions":[{"name":"x","guid":"g","rules":[{"id":"X1"},{"id":"X2"}]}]}}"#;

    #[test]
    fn a_rule_is_found_by_id_index_or_component() {
        let run = run(RUN);
        for (result, id) in [
            (r#"{"ruleId":"CA2"}"#, Some("CA2")),
            (r#"{"ruleIndex":1}"#, Some("CA2")),
            (r#"{"ruleId":"CA1/sub/sub"}"#, Some("CA1")),
            (r#"{"ruleId":"CA2","ruleIndex":0}"#, Some("CA2")),
            (r#"{"ruleId":"X2"}"#, Some("X2")),
            (r#"{"ruleId":"X1","rule":{"index":0,"toolComponent":{"index":0}}}"#, Some("X1")),
            (r#"{"rule":{"index":1,"toolComponent":{"guid":"g"}}}"#, Some("X2")),
            (r#"{"rule":{"index":0,"toolComponent":{"name":"x"}}}"#, Some("X1")),
            (r#"{"ruleId":"none","ruleIndex":0}"#, Some("CA1")),
            (r#"{"ruleId":"none"}"#, None),
            (r#"{"ruleIndex":-1}"#, None),
            (r#"{"ruleIndex":99}"#, None),
            ("{}", None),
        ] {
            assert_eq!(shown(&run, result).0.as_deref(), id, "{result}");
        }
    }

    #[test]
    fn a_message_is_its_template_with_its_arguments() {
        let run = run(RUN);
        for (result, message) in [
            (r#"{"ruleId":"CA1","message":{"id":"default","arguments":["x","{0}"]}}"#, "Use of {x} by {0}."),
            (r#"{"ruleId":"CA1","message":{"id":"all","arguments":["y"]}}"#, "global y"),
            (r#"{"ruleId":"CA1","message":{"text":"plain {0} {{"}}"#, "plain {0} {{"),
            (r#"{"message":{"text":"a [value](1), not [one](http://x)"}}"#, "a value, not [one](http://x)"),
        ] {
            assert_eq!(shown(&run, result).1.as_deref(), Some(message), "{result}");
        }
        assert_eq!(shown(&run, r#"{"ruleId":"CA2","message":{"id":"default"}}"#).1, None);
    }
}
