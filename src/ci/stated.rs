//! What a pipeline states itself, in variables of ours, where its CI system says nothing.
//!
//! What must stay true: whether a run is for a change request is never left open. Where the system does not say, the pipeline
//! does, and a run in which nobody says is an error.

use super::{CiError, Env, get};
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
