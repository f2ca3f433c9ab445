//! What rules say while their tests run: each verdict is told as it is given.
//!
//! What must stay true: what is listened to are the policies that were checked, but for a call around what each `deny` and `warn`
//! gives, which answers with what it is given. Lines stay where they are.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use regorus::unstable::{Rule, RuleHead};
use regorus::utils::limits::PolicyLengthConfig;
use regorus::{Engine, Value};
use serde::{Deserialize, Serialize};

use super::bundle::{self, Loaded, Role, Unit};
use super::{PolicyError, PolicyFile, syntax};

/// The call. No policy can say it: the loader does not know it.
const TELL: &str = "countersign_tells__";

/// A line may be as long as the loader bears, and the call comes on top.
const MAX_COLUMNS: NonZeroU32 = NonZeroU32::new(1 << 14).unwrap();

/// A verdict that a test made a rule give; placeholders stand as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// True for `deny`, false for `warn`.
    pub deny: bool,
    /// What is wrong.
    pub msg: String,
    /// What to do.
    pub next: Option<String>,
}

/// The first verdict that was told of each rule, by its id: a deny where there was one.
#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Mutex<BTreeMap<String, Given>>>);

impl Heard {
    pub(super) fn take(&self) -> BTreeMap<String, Given> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn hear(&self, rule: &str, given: Given) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get_mut(rule) {
            Some(known) if known.deny || !given.deny => {}
            Some(known) => *known = given,
            None => {
                all.insert(rule.to_owned(), given);
            }
        }
    }
}

/// An engine with the same policies and data that tells every verdict.
pub(super) fn engine(loaded: &Loaded, files: &[PolicyFile], heard: &Heard) -> Result<Engine, PolicyError> {
    let mut engine = Engine::new();
    engine.set_policy_length_config(PolicyLengthConfig { max_col: MAX_COLUMNS, ..PolicyLengthConfig::default() });
    for unit in &loaded.units {
        let source = files.iter().find(|file| file.path == unit.path).map(|file| &*file.source);
        let source = source.unwrap_or_default();
        let source = if unit.role == Role::Rule { telling(unit, source) } else { source.to_owned() };
        engine.set_rego_v0(unit.v0);
        engine
            .add_policy(unit.path.clone(), source)
            .map_err(|error| PolicyError::from_engine(&unit.path, &error.to_string()))?;
    }
    bundle::add_data(&mut engine, &loaded.data)?;
    let heard = heard.clone();
    let tell = move |told: Vec<Value>| match told.as_slice() {
        [Value::String(rule), Value::Bool(deny), verdict] => {
            if let Some(given) = given(*deny, verdict) {
                heard.hear(rule, given);
            }
            Ok(verdict.clone())
        }
        _ => Err(std::io::Error::other("told otherwise than it should be").into()),
    };
    engine
        .add_extension(TELL.to_owned(), 3, Box::new(tell))
        .map_err(|error| PolicyError::from_engine("policies", &error.to_string()))?;
    Ok(engine)
}

/// The text of a rule's file with the call around each of its verdicts.
fn telling(unit: &Unit, source: &str) -> String {
    let id = bundle::rule_id(&unit.package);
    let mut text = source.to_owned();
    // From the end, so that what is still to come stays where it was.
    for rule in unit.module.policy.iter().rev() {
        let Rule::Spec { head: RuleHead::Set { key: Some(key), .. }, .. } = rule.as_ref() else { continue };
        let name = syntax::rule_name(rule);
        let deny = match name.first().map(String::as_str) {
            Some("deny") => true,
            Some("warn") => false,
            _ => continue,
        };
        if let Some(extent) = syntax::extent(source, key) {
            let verdict = source.get(extent.clone()).unwrap_or_default();
            text.replace_range(extent, &format!("{TELL}({id:?}, {deny}, {verdict})"));
        }
    }
    text
}

fn given(deny: bool, verdict: &Value) -> Option<Given> {
    let text = |value: &Value| value.as_string().ok().map(|text| text.to_string());
    match verdict {
        Value::String(msg) => Some(Given { deny, msg: msg.to_string(), next: None }),
        Value::Object(fields) => {
            let field = |key: &str| fields.get(&key.into()).and_then(text);
            Some(Given { deny, msg: field("msg")?, next: field("next") })
        }
        _ => None,
    }
}
