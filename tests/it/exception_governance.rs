//! Faults of governance through the binary, in real repositories: `lint` names them with their places, `check` makes them verdicts.

use std::path::Path;
use std::process::Command;

use crate::support::{command, fixture};

/// A repository with the inputs of the scenario `excepted`, but for those that name another commit.
struct Repo {
    dir: tempfile::TempDir,
}

const RECORD: &str = "\
# why we live with it
- id: EX-1
  match: { ids: [RUSTSEC-2021-0003], package: \"pkg:cargo/smallvec\" }
  owner: team-stock
  reason: never called, see STOCK-88
  mitigation: a sandbox without network
  created: 2026-11-10
  expires: 2026-11-30
  approvals:
    - { by: kim@example.com }
";

impl Repo {
    fn new() -> Self {
        let repo = Self { dir: tempfile::tempdir().unwrap() };
        repo.git("2026-11-01", &["init", "-q", "-b", "main"]);
        repo.write("service.yaml", &std::fs::read_to_string(fixture("scenarios/excepted/service.yaml")).unwrap());
        repo
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn git(&self, day: &str, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.current_dir(self.path()).env_clear().env("PATH", std::env::var("PATH").unwrap()).args(arguments);
        git.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")]);
        for who in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{who}_NAME"), "Kim").env(format!("GIT_{who}_EMAIL"), "kim@example.com");
            git.env(format!("GIT_{who}_DATE"), format!("{day}T10:00:00Z"));
        }
        let output = git.output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self, day: &str, files: &[(&str, &str)]) -> String {
        for (name, text) in files {
            self.write(name, text);
        }
        self.git(day, &["add", "-A"]);
        self.git(day, &["commit", "-q", "--allow-empty", "-m", "a change"]);
        self.git(day, &["rev-parse", "HEAD"])
    }

    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let report = fixture("formats/cargo-audit/0.22.2-ignore.json");
        let mut run = command();
        run.current_dir(self.path()).args(arguments).arg(report);
        run.args(["--at", "2026-11-21T12:00:00Z", "--service", "service.yaml"]);
        let output = run.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    }

    fn lint(&self, more: &[&str]) -> (i32, String) {
        self.run(&[&["exception", "lint", "--exceptions", "exceptions.yaml"], more].concat())
    }

    fn check(&self, more: &[&str]) -> String {
        let text = self.run(&[&["check", "--exceptions", "exceptions.yaml"], more].concat()).1;
        // Without the line breaks that a terminal needs.
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What `lint` and `check` both say of the records as they are on the branch.
    fn both_say(&self, place: &str, message: &str, more: &[&str]) {
        let (code, linted) = self.lint(more);
        assert_eq!(code, 1, "{linted}");
        let line = format!("exceptions.yaml:{place}: EX-1: {message}");
        assert!(linted.contains(&line), "{line}\n{linted}");
        let checked = self.check(more);
        assert!(
            checked.contains(&format!("exception EX-1 does not count: {message}"))
                || checked.contains(&format!("; {message}")),
            "{message}\n{checked}"
        );
    }
}

#[test]
fn a_sound_record_is_no_fault() {
    let repo = Repo::new();
    repo.commit("2026-11-10", &[("exceptions.yaml", RECORD)]);
    assert_eq!(repo.lint(&[]), (0, "1 record, no fault\n".to_owned()));
    let checked = repo.check(&[]);
    assert!(checked.contains("EX-1") && !checked.contains("does not count"), "{checked}");
}

#[test]
fn a_record_is_as_old_as_the_first_commit_that_holds_its_id() {
    let old = RECORD.replace("2026-11-10", "2026-10-05").replace("2026-11-30", "2026-10-31");
    let too_old = "its id is on the branch since 2026-10-05: 56 days to its end, at most 30 for a critical finding of a service that is internal";
    let repo = Repo::new();
    repo.commit("2026-10-05", &[("exceptions.yaml", &old)]);
    // Dated anew.
    repo.commit("2026-11-10", &[("exceptions.yaml", RECORD)]);
    repo.both_say("7:12", too_old, &[]);
    // In another file, which nobody named before.
    repo.git("2026-11-11", &["mv", "exceptions.yaml", "other.yaml"]);
    repo.commit("2026-11-11", &[]);
    repo.git("2026-11-12", &["mv", "other.yaml", "exceptions.yaml"]);
    repo.commit("2026-11-12", &[]);
    repo.both_say("7:12", too_old, &[]);
    // Taken out, and put in again.
    repo.commit("2026-11-13", &[("exceptions.yaml", "[]\n")]);
    repo.commit("2026-11-14", &[("exceptions.yaml", RECORD)]);
    repo.both_say("7:12", too_old, &[]);
    // Another id is another record.
    repo.commit("2026-11-15", &[("exceptions.yaml", &RECORD.replace("EX-1", "EX-2"))]);
    assert_eq!(repo.lint(&[]).0, 0);
}

#[test]
fn a_record_that_moved_in_from_a_file_that_is_gone_is_as_old_as_it_was_there() {
    let old = RECORD.replace("2026-11-10", "2026-10-05");
    let repo = Repo::new();
    repo.commit("2026-10-05", &[("old/web.yaml", &old), ("exceptions.yaml", "[]\n")]);
    std::fs::remove_file(repo.path().join("old/web.yaml")).unwrap();
    repo.commit("2026-11-10", &[("exceptions.yaml", RECORD)]);
    repo.both_say("7:12", "its id is on the branch since 2026-10-05: 56 days to its end", &[]);
}

/// In a change request the age is that on the branch that the change goes to, and not on the head.
#[test]
fn in_a_change_request_the_target_branch_says_how_old_a_record_is() {
    let repo = Repo::new();
    let old = RECORD.replace("2026-11-10", "2026-10-05");
    repo.commit("2026-10-05", &[("exceptions.yaml", &old)]);
    let base = repo.commit("2026-11-10", &[("exceptions.yaml", RECORD)]);
    repo.git("2026-11-11", &["checkout", "-q", "-b", "work"]);
    let head = repo.commit("2026-11-11", &[("exceptions.yaml", "[]\n")]);
    let change = format!("{{\"target\": \"main\", \"commit\": \"{head}\", \"base\": \"{base}\"}}");
    let change_file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(change_file.path(), change).unwrap();
    let checked = repo.check(&["--ci", "none", "--change", change_file.path().to_str().unwrap()]);
    assert!(checked.contains("; its id is on the branch since 2026-10-05"), "{checked}");
}

#[test]
fn a_clone_that_was_cut_off_cannot_tell_how_old_a_record_is() {
    let repo = Repo::new();
    repo.commit("2026-10-05", &[("exceptions.yaml", &RECORD.replace("2026-11-10", "2026-10-05"))]);
    repo.commit("2026-11-10", &[("exceptions.yaml", RECORD)]);
    let clone = Repo { dir: tempfile::tempdir().unwrap() };
    let from = format!("file://{}", repo.path().display());
    clone.git("2026-11-12", &["clone", "-q", "--depth=1", &from, "."]);
    let message = "the clone is cut off, so nobody can tell since when it is on the branch";
    let (code, linted) = clone.lint(&[]);
    assert!(code == 1 && linted.contains(&format!("exceptions.yaml:2:7: EX-1: {message}")), "{linted}");
    let checked = clone.check(&[]);
    assert!(checked.contains(&format!("exception EX-1: {message}")) && checked.contains("fetch-depth: 0"), "{checked}");
    // A branch that is whole tells, whatever else was cut off.
    let mixed = Repo { dir: tempfile::tempdir().unwrap() };
    mixed.git("2026-11-12", &["init", "-q", "-b", "main"]);
    mixed.git("2026-11-12", &["fetch", "-q", &from, "main"]);
    mixed.git("2026-11-12", &["checkout", "-q", "FETCH_HEAD"]);
    repo.git("2026-11-12", &["checkout", "-q", "-b", "side"]);
    repo.commit("2026-11-12", &[("a", "a")]);
    mixed.git("2026-11-12", &["fetch", "-q", "--depth=1", &from, "side"]);
    let (_, linted) = mixed.lint(&[]);
    assert!(linted.contains("its id is on the branch since 2026-10-05") && !linted.contains("cut off"), "{linted}");
    // Nor can one whose old files stay behind.
    let partial = Repo { dir: tempfile::tempdir().unwrap() };
    repo.git("2026-11-12", &["config", "uploadpack.allowFilter", "true"]);
    partial.git("2026-11-12", &["clone", "-q", "--filter=blob:none", &from, "."]);
    assert!(partial.lint(&[]).1.contains(message));
}

#[test]
fn an_approval_is_of_what_the_record_said_then() {
    let repo = Repo::new();
    repo.commit("2026-11-10", &[("exceptions.yaml", RECORD)]);
    let longer = RECORD.replace("2026-11-30", "2026-12-05");
    repo.commit("2026-11-12", &[("exceptions.yaml", &longer)]);
    let message =
        "the approval of kim@example.com does not count: it is older than the last edit of the record, on 2026-11-12";
    repo.both_say("10:13", message, &[]);
    // Comments and order are no edit; a new approval is one of what it says now.
    let again = longer.replace("# why", "# Why").replace("kim@example.com", "kim@example.com, at: 2026-11-13");
    repo.commit("2026-11-13", &[("exceptions.yaml", &again)]);
    assert_eq!(repo.lint(&[]).0, 0);
    repo.commit("2026-11-14", &[("exceptions.yaml", &again.replace("# Why", "# WHY"))]);
    assert_eq!(repo.lint(&[]).0, 0);
    // What lies in the working tree is an edit of today.
    repo.write("exceptions.yaml", &again.replace("a sandbox", "another sandbox"));
    let (_, linted) = repo.lint(&[]);
    assert!(linted.contains("older than the last edit of the record, on 2026-11-21"), "{linted}");
}

#[test]
fn who_may_not_approve_is_said_at_the_name() {
    let repo = Repo::new();
    let approved = |by: &str| RECORD.replace("kim@example.com", by);
    repo.commit("2026-11-10", &[("exceptions.yaml", &approved("Team-Stock"))]);
    repo.both_say("10:13", "the approval of Team-Stock does not count: nobody approves a record of their own", &[]);

    repo.write("change.json", "{\"author\": \"ana\"}");
    repo.commit("2026-11-10", &[("exceptions.yaml", &approved("ana"))]);
    let message = "the approval of ana does not count: it is by the author of this change";
    repo.both_say("10:13", message, &["--change", "change.json"]);
    assert_eq!(repo.lint(&[]).0, 0);

    let profile = std::fs::read_to_string(crate::support::root().join("policies/profiles/default.yaml")).unwrap();
    repo.write("profile.yaml", &profile.replace("approver_roles: []", "approver_roles: [product-lead]"));
    repo.write("data.yaml", "authority:\n  roles:\n    kim@example.com: [engineer]\n    lee: [product-lead]\n");
    repo.commit("2026-11-10", &[("exceptions.yaml", &approved("kim@example.com, role: product-lead"))]);
    let demanding = ["--profile", "./profile.yaml", "--policy", "data.yaml"];
    let message = "the approval of kim@example.com does not count: no authority data gives them the role product-lead";
    repo.both_say("10:13", message, &demanding);
    // One that is not needed is no reason to reject the record, and is said all the same.
    repo.commit("2026-11-10", &[("exceptions.yaml", &(approved("lee") + "    - { by: kim@example.com }\n"))]);
    let (code, linted) = repo.lint(&demanding);
    assert!(code == 1 && linted.contains(&format!("exceptions.yaml:11:13: EX-1: {message}")), "{linted}");
    let checked = repo.check(&demanding);
    assert!(
        checked.contains(&format!("exception EX-1: {message}")) && !checked.contains("EX-1 does not count"),
        "{checked}"
    );
}

#[test]
fn an_owner_is_somebody_whom_a_register_names() {
    let repo = Repo::new();
    repo.commit("2026-11-10", &[("exceptions.yaml", &RECORD.replace("team-stock", "team-gone"))]);
    let message = "its owner team-gone is nobody whom the service file, the profile or the authority data names";
    repo.both_say("4:10", message, &[]);
    repo.commit("2026-11-10", &[("CODEOWNERS", "* @example/team-gone\n")]);
    assert_eq!(repo.lint(&[]).0, 0);
    repo.commit("2026-11-10", &[("CODEOWNERS", "* @example/team-new\n")]);
    repo.both_say("4:10", "its owner team-gone is nobody whom the service file, CODEOWNERS, the profile", &[]);
}

#[test]
fn a_life_beyond_the_maximum_is_said_at_its_end_in_every_notation() {
    let repo = Repo::new();
    let message = "it lives 51 days, at most 30 for a critical finding of a service that is internal";
    repo.commit("2026-11-10", &[("exceptions.yaml", &RECORD.replace("2026-11-30", "2026-12-31"))]);
    repo.both_say("8:12", message, &[]);
    let json = "[{\"id\": \"EX-1\",\n \"match\": {\"ids\": [\"RUSTSEC-2021-0003\"]}, \"owner\": \"team-stock\",\n \"reason\": \"r\", \
                \"mitigation\": \"m\",\n \"created\": \"2026-11-10\",\n   \"expires\": \"2026-12-31\", \"approvals\": [{\"by\": \"kim\"}]}]\n";
    let toml = "[[exception]]\nid = 'EX-1'\nmatch = { ids = ['RUSTSEC-2021-0003'] }\nowner = 'team-stock'\nreason = 'r'\nmitigation = 'm'\n\
                created = 2026-11-10\nexpires = 2026-12-31\n[[exception.approvals]]\nby = 'Team-stock'\n";
    repo.commit("2026-11-10", &[("e.json", json), ("e.toml", toml)]);
    let lint = |file: &str| repo.run(&["exception", "lint", "--exceptions", file]).1;
    assert!(lint("e.json").contains(&format!("e.json:5:15: EX-1: {message}")), "{}", lint("e.json"));
    assert!(lint("e.toml").contains(&format!("e.toml:8:11: EX-1: {message}")), "{}", lint("e.toml"));
    assert!(lint("e.toml").contains("e.toml:10:6: EX-1: the approval of Team-stock"), "{}", lint("e.toml"));
}
