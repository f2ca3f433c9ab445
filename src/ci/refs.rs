//! What the names of refs and the URLs of remotes say.
//!
//! What must stay true: a ref that can only be a request's, or a queue's, is never taken for a branch that stands for itself.

use super::{CiError, Filler};
use crate::model::change::Source;
use crate::model::text::Untrusted;

/// Below it, GitHub keeps the branches of its merge queues.
pub(super) const QUEUES: &str = "gh-readonly-queue/";

/// Where platforms keep the refs of requests, below `refs/`; a number follows.
const REQUESTS: &[&str] = &["changes/", "merge-requests/", "pull/", "pull-requests/"];

/// Fills in a run about a ref: a tag, a branch, or a group of GitHub's merge queue, which is a request to the branch that its
/// name holds. `variable` is where the name was read from; a branch may be without `refs/heads/`.
pub(super) fn fill(filler: &mut Filler, variable: &'static str, name: &str) -> Result<(), CiError> {
    let without_target = || CiError::RequestRef { variable, name: Untrusted::from(name) };
    let full = if name.starts_with("refs/") { name.to_owned() } else { format!("refs/heads/{name}") };
    let branch = match full.strip_prefix("refs/heads/") {
        Some(branch) if !is_of_request(branch) => branch,
        None if full.starts_with("refs/tags/") => {
            filler.set_env("ref", Some(&full), |c| &mut c.git_ref);
            return Ok(());
        }
        Some(_) | None => return Err(without_target()),
    };
    if branch.starts_with(QUEUES) {
        let (target, number) = in_queue(branch).ok_or_else(without_target)?;
        filler.set_env("target", Some(target), |c| &mut c.target);
        filler.set_env("id", Some(number), |c| &mut c.id);
    }
    filler.set_env("branch", Some(branch), |c| &mut c.branch);
    filler.set_env("ref", Some(&full), |c| &mut c.git_ref);
    Ok(())
}

/// The target and the number in `gh-readonly-queue/main/pr-104-<commit>`.
pub(super) fn in_queue(branch: &str) -> Option<(&str, &str)> {
    let (target, entry) = branch.strip_prefix(QUEUES)?.rsplit_once("/pr-")?;
    let (number, _) = entry.split_once('-')?;
    (!target.is_empty() && is_number(number)).then_some((target, number))
}

/// `main` of `refs/heads/main`; some systems write it either way.
pub(super) fn short(branch: &str) -> &str {
    branch.strip_prefix("refs/heads/").unwrap_or(branch)
}

/// Whether a ref is one that a platform keeps for a request: `pull/7/head`.
fn is_of_request(name: &str) -> bool {
    REQUESTS.iter().filter_map(|place| name.strip_prefix(place)).any(|rest| {
        let (number, end) = rest.split_once('/').unwrap_or((rest, "head"));
        is_number(number) && matches!(end, "from" | "head" | "merge")
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Fills in the repository from the URL of a remote.
pub(super) fn fill_repository(filler: &mut Filler, url: Option<&str>) {
    let repository = url.and_then(repository_of).map(Untrusted::new);
    filler.set("repository", Source::Env, repository, |c| &mut c.repository);
}

/// `owner/name` from the URL of a remote; `None` for a path on this machine.
#[must_use]
pub fn repository_of(url: &str) -> Option<String> {
    let path = match url.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.split_once('/')?.1,
        // user@host:path, where no slash stands before the colon.
        None => url.split_once(':').filter(|(host, _)| host.len() > 1 && !host.contains(['/', '\\']))?.1,
    };
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    (path.contains('/') && !path.contains(['?', '#'])).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_in_the_url() {
        for (url, repository) in [
            ("https://github.com/acme/shop.git", Some("acme/shop")),
            ("https://github.com/acme/shop", Some("acme/shop")),
            ("https://gitlab-ci-token:x@gitlab.example:8443/group/sub/shop.git/", Some("group/sub/shop")),
            ("git@github.com:acme/shop.git", Some("acme/shop")),
            ("ssh://git@github.com:22/acme/shop.git", Some("acme/shop")),
            ("/srv/git/shop.git", None),
            ("../shop.git", None),
            ("file:///srv/git/shop.git", None),
            ("C:\\git\\acme\\shop", None),
            ("https://github.com/", None),
        ] {
            assert_eq!(repository_of(url).as_deref(), repository, "{url}");
        }
    }

    #[test]
    fn a_queue_names_its_target_and_its_request() {
        let branch = "gh-readonly-queue/release/1.x/pr-104-929f8209d40f77f4abc622a499c93a83babdbe64";
        assert_eq!(in_queue(branch), Some(("release/1.x", "104")));
        for bad in ["gh-readonly-queue/main/pr-x-1", "gh-readonly-queue/pr-1-a", "main", "gh-readonly-queue/main"] {
            assert_eq!(in_queue(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_can_only_be_a_request_is_no_branch() {
        for name in [
            "refs/pull/7/head",
            "refs/pull/7/merge",
            "refs/merge-requests/7/head",
            "refs/changes/34/1234/1",
            "refs/pull-requests/7/from",
            "pull/7",
            "pull/7/head",
            "refs/heads/pull/7",
            "gh-readonly-queue/main",
            "refs/remotes/origin/main",
        ] {
            let error = fill(&mut Filler::default(), "REF", name).unwrap_err();
            assert!(matches!(error, CiError::RequestRef { variable: "REF", .. }), "{name}: {error}");
        }
    }

    #[test]
    fn a_branch_is_a_branch_with_and_without_its_prefix_and_a_tag_is_none() {
        for (name, branch, git_ref) in [
            ("main", Some("main"), "refs/heads/main"),
            ("refs/heads/pull/notes", Some("pull/notes"), "refs/heads/pull/notes"),
            ("refs/tags/v1", None, "refs/tags/v1"),
        ] {
            let mut filler = Filler::default();
            fill(&mut filler, "REF", name).unwrap();
            assert_eq!(filler.change.branch, branch.map(Untrusted::from));
            assert_eq!(filler.change.git_ref, Some(git_ref.into()));
            assert_eq!(filler.change.target, None);
        }
    }
}
