//! What a pipeline states itself, in variables of ours, where its CI system says nothing.
//!
//! What must stay true: whether a run is for a change request is never left open. Where the system does not say, the pipeline
//! does, and a run in which nobody says is an error.

use super::{CiError, Env, get};
use crate::model::change::Change;
use crate::model::text::Untrusted;

/// Whether the run is for a change request: `true` or `false`.
pub(super) const REQUEST: &str = "COUNTERSIGN_CHANGE_REQUEST";

/// The branch that the change goes to.
pub(super) const TARGET: &str = "COUNTERSIGN_CHANGE_TARGET";

/// The branch that the change request goes to, `None` where there is no request. `recognised` says that the system itself
/// shows a request.
pub(super) fn target<'a>(env: &'a Env, title: &'static str, recognised: bool) -> Result<Option<&'a str>, CiError> {
    let request = flag(env, REQUEST)?;
    match (recognised, request, get(env, TARGET)) {
        (true, Some(false), _) => Err(wrong(env, REQUEST, "this run is for a change request")),
        (_, Some(false), Some(_)) => Err(wrong(env, TARGET, "there is a target where there is a change request alone")),
        (false, Some(false), None) => Ok(None),
        (_, _, Some(target)) => Ok(Some(target)),
        (_, Some(true), None) | (true, None, None) => Err(CiError::NoTarget { provider: title }),
        (false, None, None) => Err(CiError::NotSaid { provider: title }),
    }
}

/// Holds what the pipeline states against what was read, for systems that know of requests themselves, too: a target that were
/// left unread would let a request be judged by its own head.
pub(super) fn agrees(env: &Env, title: &'static str, change: &Change) -> Result<(), CiError> {
    let target = change.target.as_ref().map(Untrusted::as_raw);
    match (flag(env, REQUEST)?, get(env, TARGET), target) {
        (_, Some(stated), read) if read != Some(stated) => Err(wrong(env, TARGET, "the run is for no request to it")),
        (Some(false), _, Some(_)) => Err(wrong(env, REQUEST, "this run is for a change request")),
        (Some(true), _, None) => Err(CiError::NoTarget { provider: title }),
        _ => Ok(()),
    }
}

/// A variable that holds `true` or `false`.
pub(super) fn flag(env: &Env, name: &'static str) -> Result<Option<bool>, CiError> {
    match get(env, name) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(wrong(env, name, "neither true nor false")),
    }
}

pub(super) fn wrong(env: &Env, name: &'static str, expected: &str) -> CiError {
    let value = Untrusted::from(get(env, name).unwrap_or_default());
    CiError::Variable { name, value, expected: expected.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stated_is_never_left_unread() {
        let to = |target: Option<&str>| Change { target: target.map(Untrusted::from), ..Change::default() };
        for (request, stated, read, holds) in [
            ("", "", None, true),
            ("", "", Some("main"), true),
            ("true", "main", Some("main"), true),
            ("false", "", None, true),
            ("", "main", None, false),
            ("", "main", Some("release"), false),
            ("true", "", None, false),
            ("false", "", Some("main"), false),
        ] {
            let env = [(REQUEST, request), (TARGET, stated)].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
            assert_eq!(agrees(&env, "T", &to(read)).is_ok(), holds, "{request:?} {stated:?} {read:?}");
        }
    }

    /// What the pipeline says in the two variables, whether the system shows a request, and what comes of it.
    #[test]
    fn whether_there_is_a_request_is_never_left_open() {
        type Outcome = Result<Option<&'static str>, &'static str>;
        let cases: &[(&str, &str, bool, Outcome)] = &[
            ("", "", false, Err("NotSaid")),
            ("", "", true, Err("NoTarget")),
            ("", "main", false, Ok(Some("main"))),
            ("", "main", true, Ok(Some("main"))),
            ("true", "main", false, Ok(Some("main"))),
            ("true", "", false, Err("NoTarget")),
            ("true", "", true, Err("NoTarget")),
            ("false", "", false, Ok(None)),
            ("false", "", true, Err("Variable")),
            ("false", "main", false, Err("Variable")),
            ("no", "main", false, Err("Variable")),
        ];
        for (request, target_branch, recognised, expected) in cases {
            let env = [(REQUEST, *request), (TARGET, *target_branch)].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
            let found = match target(&env, "T", *recognised) {
                Ok(target) => Ok(target),
                Err(CiError::NotSaid { .. }) => Err("NotSaid"),
                Err(CiError::NoTarget { .. }) => Err("NoTarget"),
                Err(_) => Err("Variable"),
            };
            assert_eq!(found, *expected, "{request:?} {target_branch:?} {recognised}");
        }
    }
}
