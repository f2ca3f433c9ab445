//! Who judges a change request: real repositories in which a head tries to judge itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::ci::Env;
use countersign::cli::error::CliError;
use countersign::cli::git::Git;
use countersign::cli::io::PathKind;
use countersign::cli::judging::JudgingFiles;
use countersign::facts::JudgingSource;
use countersign::model::change::{Change, Source};
use countersign::model::digest::Digest;

const JUDGING: [&str; 5] = ["countersign.yaml", "exceptions.yaml", "policies", "profile.yaml", "service.yaml"];

/// Runs git as a developer would; every commit is a minute after the one before.
struct Repo {
    dir: PathBuf,
    minute: std::cell::Cell<u32>,
}

impl Repo {
    fn init(dir: &Path) -> Self {
        std::fs::create_dir_all(dir).unwrap();
        let repo = Self { dir: dir.to_owned(), minute: 0.into() };
        repo.git(&["init", "-q", "-b", "main"]);
        repo.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        repo
    }

    /// A clone that holds what `git fetch` with these arguments brings, with a remote that is acme/shop on GitHub.
    fn clone(origin: &Self, dir: &Path, fetch: &[&str]) -> Self {
        let repo = Self::init(dir);
        repo.git(&["remote", "add", "origin", "https://github.com/acme/shop.git"]);
        let instead = format!("url.file://{}.insteadOf", origin.dir.display());
        repo.git(&["config", &instead, "https://github.com/acme/shop.git"]);
        repo.git(&[&["fetch", "-q", "--no-tags"], fetch].concat());
        repo
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = self.command().args(arguments).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn command(&self) -> Command {
        self.minute.set(self.minute.get() + 1);
        let date = format!("2026-11-20T10:{:02}:00Z", self.minute.get() % 60);
        let mut command = Command::new("git");
        command.current_dir(&self.dir).env_clear().env("PATH", std::env::var("PATH").unwrap());
        command.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_TERMINAL_PROMPT", "0")]);
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Kim").env(format!("GIT_{who}_EMAIL"), "kim@example.com");
            command.env(format!("GIT_{who}_DATE"), &date);
        }
        command
    }

    fn write(&self, files: &[(&str, &str)]) {
        for (path, content) in files {
            let path = self.dir.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
    }

    fn commit(&self, files: &[(&str, &str)]) -> String {
        self.write(files);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "a change"]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn open(&self, change: &Change) -> Result<JudgingFiles, CliError> {
        self.open_in("", change, &env())
    }

    fn open_in(&self, below: &str, change: &Change, env: &Env) -> Result<JudgingFiles, CliError> {
        let dir = self.dir.join(below);
        JudgingFiles::open(change, Git::find(&dir, env)?.as_ref(), &dir)
    }
}

fn env() -> Env {
    BTreeMap::from([("PATH".to_owned(), std::env::var("PATH").unwrap())])
}

/// The story that every test tells another way. `main` is at `start`; a head branches off and edits everything that judges it;
/// then `main` takes the exception away. GitHub makes a merge of both.
struct Story {
    origin: Repo,
    start: String,
    tip: String,
    head: String,
    merge: String,
    temp: tempfile::TempDir,
}

impl Story {
    fn tell() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let origin = Repo::init(&temp.path().join("origin"));
        let start = origin.commit(&[
            ("countersign.yaml", "fail_on: block"),
            ("exceptions.yaml", "one exception"),
            ("policies/a.rego", "deny"),
            ("profile.yaml", "strict"),
            ("service.yaml", "public"),
            ("src/app.py", "print(1)"),
        ]);
        origin.git(&["checkout", "-q", "-b", "gift-cards"]);
        origin.git(&["rm", "-q", "policies/a.rego"]);
        let head = origin.commit(&[
            ("countersign.yaml", "fail_on: never"),
            ("exceptions.yaml", "everything is excepted"),
            ("policies/b.rego", "allow"),
            ("service.yaml", "internal"),
            ("src/app.py", "eval(input())"),
        ]);
        origin.git(&["checkout", "-q", "main"]);
        let tip = origin.commit(&[("exceptions.yaml", "[]"), ("profile.yaml", "stricter")]);
        origin.git(&["checkout", "-q", "--detach", "main"]);
        origin.command().args(["merge", "-q", "--no-commit", "--no-ff", "gift-cards"]).output().unwrap();
        let merge = origin.commit(&[("exceptions.yaml", "everything is excepted")]);
        origin.git(&["update-ref", "refs/pull/42/merge", &merge]);
        origin.git(&["update-ref", "refs/pull/42/head", &head]);
        origin.git(&["checkout", "-q", "main"]);
        Self { origin, start, tip, head, merge, temp }
    }

    fn dir(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    /// A whole clone at the head.
    fn whole(&self) -> Repo {
        let clone = Repo::clone(&self.origin, &self.dir("whole"), &["origin"]);
        clone.git(&["checkout", "-q", &self.head]);
        clone
    }

    /// What actions/checkout leaves: the merge alone, so deep.
    fn checkout(&self, depth: &str) -> Repo {
        let refs = "+refs/pull/42/merge:refs/remotes/pull/42/merge";
        let clone = Repo::clone(&self.origin, &self.dir("checkout"), &[depth, "origin", refs]);
        clone.git(&["checkout", "-q", "refs/remotes/pull/42/merge"]);
        clone
    }

    fn request(&self, base: Option<&str>) -> Change {
        let mut change = Change {
            id: Some("42".into()),
            repository: Some("acme/shop".into()),
            commit: Some(self.head.parse().unwrap()),
            base: base.map(|base| base.parse().unwrap()),
            target: Some("main".into()),
            ..Change::default()
        };
        change.run.provider = Some("github".into());
        change.run.event = Some("pull_request".into());
        if base.is_some() {
            change.sources.insert("base".to_owned(), Source::Event);
        }
        change
    }
}

fn text(files: &JudgingFiles, path: &str) -> Option<String> {
    files.read(Path::new(path)).unwrap().map(|bytes| String::from_utf8(bytes).unwrap())
}

fn names(files: &JudgingFiles, path: &str) -> Vec<String> {
    files.list(Path::new(path)).unwrap().iter().map(|path| path.to_str().unwrap().to_owned()).collect()
}

fn edited(files: &JudgingFiles) -> Vec<String> {
    let paths: Vec<&Path> = JUDGING.iter().map(Path::new).collect();
    files.facts(&paths).unwrap().edited.iter().map(|path| path.as_raw().to_owned()).collect()
}

/// Everything is as `main` has it at its tip, and the head's edits are seen.
fn assert_judged_by_the_tip(files: &JudgingFiles, story: &Story) {
    assert_eq!(text(files, "countersign.yaml").as_deref(), Some("fail_on: block"));
    assert_eq!(text(files, "exceptions.yaml").as_deref(), Some("[]"), "the exception is gone on main");
    assert_eq!(text(files, "service.yaml").as_deref(), Some("public"));
    assert_eq!(text(files, "./profile.yaml").as_deref(), Some("stricter"));
    assert_eq!(text(files, "policies/a.rego").as_deref(), Some("deny"), "the head deleted it");
    assert_eq!(text(files, "policies/b.rego"), None, "the head added it");
    assert_eq!(files.kind(Path::new("policies/b.rego")).unwrap(), PathKind::Missing);
    assert_eq!(names(files, "policies"), ["policies/a.rego"]);
    let judging = files.facts(&[]).unwrap();
    assert_eq!(judging.source, JudgingSource::TargetBranch);
    assert_eq!(judging.commit.unwrap().as_str(), story.tip);
    let place = files.describe(Path::new("service.yaml"));
    assert_eq!(place, format!("main@{}:service.yaml", &story.tip[..12]));
}

fn problem(result: Result<JudgingFiles, CliError>) -> (String, String) {
    let error = result.unwrap_err();
    assert_eq!(error.exit.code(), 3);
    let problem = error.problems.first().unwrap();
    (problem.message.clone(), problem.hint.clone().unwrap())
}

#[test]
fn a_head_that_edits_its_judges_is_judged_by_the_tip_of_the_target() {
    let story = Story::tell();
    let files = story.whole().open(&story.request(Some(&story.tip))).unwrap();
    assert_judged_by_the_tip(&files, &story);
    // profile.yaml was changed on main alone, src/app.py judges nothing.
    let all = ["countersign.yaml", "exceptions.yaml", "policies/a.rego", "policies/b.rego", "service.yaml"];
    assert_eq!(edited(&files), all);
    let change = files.add_changed_files(story.request(None));
    assert_eq!(change.files.len(), all.len() + 1);
    assert!(change.files.iter().any(|path| *path == "src/app.py"));
    assert_eq!(change.sources["files"], Source::Git);
}

#[test]
fn the_branch_as_fetched_beats_an_older_base_of_the_event() {
    let story = Story::tell();
    let files = story.whole().open(&story.request(Some(&story.start))).unwrap();
    assert_judged_by_the_tip(&files, &story);
    assert_eq!(files.facts(&[]).unwrap().known_from, Some(Source::Git));
}

#[test]
fn the_base_of_the_event_beats_an_older_branch_in_a_clone_that_was_used_before() {
    let story = Story::tell();
    let clone = story.whole();
    clone.git(&["update-ref", "refs/remotes/origin/main", &story.start]);
    let files = clone.open(&story.request(Some(&story.tip))).unwrap();
    assert_judged_by_the_tip(&files, &story);
    assert_eq!(files.facts(&[]).unwrap().known_from, Some(Source::Event));
}

#[test]
fn a_base_that_a_file_claims_is_believed_where_nothing_else_is_known() {
    let story = Story::tell();
    let clone = story.whole();
    // Not the head, and newer than the target.
    clone.git(&["checkout", "-q", &story.tip]);
    let claimed = clone.commit(&[("exceptions.yaml", "everything is excepted")]);
    let mut request = story.request(Some(&claimed));
    request.sources.insert("base".to_owned(), Source::File);
    assert_judged_by_the_tip(&clone.open(&request).unwrap(), &story);
    clone.git(&["update-ref", "-d", "refs/remotes/origin/main"]);
    let judging = clone.open(&request).unwrap().facts(&[]).unwrap();
    assert_eq!((judging.commit.unwrap().as_str(), judging.known_from), (claimed.as_str(), Some(Source::File)));
}

#[test]
fn a_branch_that_was_rewritten_counts_as_it_is_now() {
    let story = Story::tell();
    let clone = story.whole();
    clone.git(&["checkout", "-q", "-b", "rewritten", &story.start]);
    clone.minute.set(50);
    let rewritten = clone.commit(&[("exceptions.yaml", "rewritten")]);
    clone.git(&["update-ref", "refs/remotes/origin/main", &rewritten]);
    let files = clone.open(&story.request(Some(&story.tip))).unwrap();
    assert_eq!(text(&files, "exceptions.yaml").as_deref(), Some("rewritten"));
}

#[test]
fn a_merge_of_depth_two_holds_both_ends() {
    let story = Story::tell();
    let clone = story.checkout("--depth=2");
    assert_eq!(clone.git(&["rev-parse", "HEAD"]), story.merge);
    for base in [None, Some(story.tip.as_str()), Some(story.start.as_str())] {
        let files = clone.open(&story.request(base)).unwrap();
        assert_judged_by_the_tip(&files, &story);
        // Behind the cut nobody knows who changed what, so everything that differs counts.
        assert!(edited(&files).contains(&"profile.yaml".to_owned()));
        assert!(edited(&files).contains(&"exceptions.yaml".to_owned()));
    }
}

#[test]
fn a_merge_alone_is_no_ground_to_judge_on_and_the_advice_works() {
    let story = Story::tell();
    let clone = story.checkout("--depth=1");
    let request = story.request(Some(&story.tip));
    let (message, hint) = problem(clone.open(&request));
    assert!(message.starts_with("the tip of main is not in the clone"), "{message}");
    assert!(hint.starts_with("give actions/checkout `fetch-depth: 2`, or run: git fetch "), "{hint}");
    follow(&clone, &hint);
    let (message, hint) = problem(clone.open(&request));
    assert!(
        message.contains(&format!("the head {} of this change request is not in the clone", story.head)),
        "{message}"
    );
    follow(&clone, &hint);
    assert_judged_by_the_tip(&clone.open(&request).unwrap(), &story);
}

#[test]
fn gitlab_is_told_to_fetch_because_its_depth_does_not_help() {
    let story = Story::tell();
    let refs = "+refs/pull/42/head:refs/merge-requests/42/head";
    let clone = Repo::clone(&story.origin, &story.dir("gitlab"), &["--depth=20", "origin", refs]);
    clone.git(&["checkout", "-q", "refs/merge-requests/42/head"]);
    let mut request = story.request(None);
    request.run.provider = Some("gitlab".into());
    request.run.event = Some("merge_request_event".into());
    let (_, hint) = problem(clone.open(&request));
    assert!(hint.starts_with("before the gate, run: git fetch --no-tags "), "{hint}");
    follow(&clone, &hint);
    assert_judged_by_the_tip(&clone.open(&request).unwrap(), &story);
}

/// Does what a hint says after its `run:`.
fn follow(clone: &Repo, hint: &str) {
    let (_, command) = hint.split_once("run: ").unwrap();
    let shell = clone.command();
    let shell = shell.get_envs().filter_map(|(k, v)| Some((k.to_owned(), v?.to_owned()))).collect::<Vec<_>>();
    let ran =
        Command::new("sh").args(["-c", command]).current_dir(&clone.dir).env_clear().envs(shell).output().unwrap();
    assert!(ran.status.success(), "{command}: {}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn what_a_queue_stands_on_is_not_the_target() {
    let story = Story::tell();
    // Another entry of the queue, which excepts everything and is not merged.
    let queue = Repo::clone(&story.origin, &story.dir("queue"), &["origin", "main"]);
    queue.git(&["checkout", "-q", &story.tip]);
    let ahead = queue.commit(&[("exceptions.yaml", "everything is excepted")]);
    let entry = queue.commit(&[("src/app.py", "print(2)")]);
    queue.git(&["update-ref", "-d", "refs/remotes/origin/main"]);
    let mut request = story.request(Some(&ahead));
    request.commit = Some(entry.parse().unwrap());
    request.run.event = Some("merge_group".into());
    let (message, hint) = problem(queue.open(&request));
    assert!(message.starts_with("the tip of main is not in the clone"), "{message}");
    assert!(hint.contains("fetch-depth: 0"), "{hint}");
    follow(&queue, &hint);
    let files = queue.open(&request).unwrap();
    assert_judged_by_the_tip(&files, &story);
    assert_eq!(edited(&files), ["exceptions.yaml"], "what the entries ahead edit is seen");
}

#[test]
fn a_clone_of_a_fork_has_the_branches_of_the_fork() {
    let story = Story::tell();
    let clone = story.whole();
    clone.git(&["update-ref", "refs/remotes/origin/main", &story.head]);
    clone.git(&["remote", "set-url", "origin", "https://github.com/lee/shop.git"]);
    let (message, hint) = problem(clone.open(&story.request(None)));
    assert_eq!(
        message,
        "the tip of main is not in the clone, and no remote is acme/shop; it judges this change request, not the head"
    );
    assert!(hint.contains("add a remote for acme/shop"), "{hint}");
    clone.git(&["remote", "add", "upstream", "git@github.com:Acme/shop.git"]);
    clone.git(&["update-ref", "refs/remotes/upstream/main", &story.tip]);
    assert_judged_by_the_tip(&clone.open(&story.request(None)).unwrap(), &story);
}

#[test]
fn a_target_that_holds_the_head_is_the_head() {
    let story = Story::tell();
    let clone = story.whole();
    for forged in [&story.head, &story.merge] {
        clone.git(&["fetch", "-q", "origin", "refs/pull/42/merge"]);
        clone.git(&["update-ref", "refs/remotes/origin/main", forged]);
        let (message, _) = problem(clone.open(&story.request(None)));
        assert!(message.contains("already holds the head"), "{message}");
        // The event still knows better.
        assert_judged_by_the_tip(&clone.open(&story.request(Some(&story.tip))).unwrap(), &story);
    }
}

#[test]
fn a_request_without_a_head_a_repository_or_a_branch_is_not_judged() {
    let story = Story::tell();
    let clone = story.whole();
    let (message, _) = problem(clone.open(&Change { commit: None, ..story.request(None) }));
    assert_eq!(message, "a change request to main without its commit");
    let (message, _) = problem(clone.open(&Change { target: Some("main~1".into()), ..story.request(None) }));
    assert!(message.contains("cannot be the name of a branch"), "{message}");
    let bare = story.dir("no-repository");
    std::fs::create_dir(&bare).unwrap();
    let (message, _) = problem(JudgingFiles::open(&story.request(None), None, &bare));
    assert!(message.contains("in no git repository"), "{message}");
}

#[test]
fn nothing_in_a_repository_or_environment_tells_git_what_to_do() {
    let story = Story::tell();
    let clone = story.whole();
    let marker = story.dir("pwned");
    let script = story.dir("pwn.sh");
    std::fs::write(&script, format!("#!/bin/sh\necho \"$0 $@\" >> {}\nexit 0\n", marker.display())).unwrap();
    executable(&script);
    let pwn = script.to_str().unwrap();
    for hook in ["post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc"] {
        let hook = clone.dir.join(".git/hooks").join(hook);
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::copy(&script, &hook).unwrap();
    }
    std::fs::create_dir_all(clone.dir.join("bin")).unwrap();
    std::fs::copy(&script, clone.dir.join("bin/git")).unwrap();
    clone.write(&[(".gitattributes", "* diff=evil filter=evil text eol=crlf ident\n")]);
    clone.write(&[(".git/info/attributes", "* diff=evil filter=evil\n")]);
    // Another commit and another content in the place of the right ones.
    let lie = clone.git(&["rev-parse", &format!("{}:exceptions.yaml", story.head)]);
    let truth = clone.git(&["rev-parse", &format!("{}:exceptions.yaml", story.tip)]);
    clone.git(&["replace", &truth, &lie]);
    clone.git(&["replace", &story.tip, &story.head]);
    clone.write(&[(".git/info/grafts", &format!("{} {}\n", story.tip, story.head))]);
    clone.write(&[(".git/evil.config", &format!("[core]\n\tfsmonitor = {pwn}\n[alias]\n\tls-tree = !{pwn}\n"))]);
    for (key, value) in [
        ("include.path", "evil.config"),
        ("core.fsmonitor", pwn),
        ("core.hooksPath", ".git/hooks"),
        ("core.pager", pwn),
        ("core.editor", pwn),
        ("core.sshCommand", pwn),
        ("core.askPass", pwn),
        ("core.attributesFile", ".gitattributes"),
        ("core.worktree", "/"),
        ("core.quotePath", "false"),
        ("core.alternateRefsCommand", pwn),
        ("alias.cat-file", &format!("!{pwn}")),
        ("alias.diff-tree", &format!("!{pwn}")),
        ("pager.diff-tree", pwn),
        ("diff.external", pwn),
        ("diff.evil.textconv", pwn),
        ("diff.evil.command", pwn),
        ("diff.renames", "copies"),
        ("diff.orderFile", "/nowhere"),
        ("filter.evil.clean", pwn),
        ("filter.evil.smudge", pwn),
        ("filter.evil.process", pwn),
        ("gpg.program", pwn),
        ("log.showSignature", "true"),
        ("credential.helper", pwn),
        ("remote.origin.uploadpack", pwn),
        ("remote.origin.promisor", "true"),
    ] {
        clone.git(&["config", key, value]);
    }
    // What was set up does bite: git itself ran hooks on the way here.
    std::fs::remove_file(&marker).unwrap();
    let mut env = env();
    let path = format!("{}:{}", clone.dir.join("bin").display(), env["PATH"]);
    for (name, value) in [
        ("PATH", path.as_str()),
        ("GIT_DIR", "/nowhere"),
        ("GIT_WORK_TREE", "/"),
        ("GIT_INDEX_FILE", "/nowhere"),
        ("GIT_OBJECT_DIRECTORY", "/nowhere"),
        ("GIT_EXTERNAL_DIFF", pwn),
        ("GIT_PAGER", pwn),
        ("GIT_SSH_COMMAND", pwn),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "core.fsmonitor"),
        ("GIT_CONFIG_VALUE_0", pwn),
        ("GIT_TRACE", marker.to_str().unwrap()),
        ("GIT_REPLACE_REF_BASE", "refs/replace/"),
        ("HOME", clone.dir.to_str().unwrap()),
    ] {
        env.insert(name.to_owned(), value.to_owned());
    }
    let files = clone.open_in("", &story.request(Some(&story.start)), &env).unwrap();
    assert_judged_by_the_tip(&files, &story);
    assert_eq!(edited(&files).len(), 5);
    let subject = files.commit_subject(&story.request(None)).unwrap().unwrap();
    assert_eq!(subject.git_commit.as_str(), story.head);
    assert!(!marker.exists(), "ran: {}", std::fs::read_to_string(&marker).unwrap_or_default());
}

#[cfg(unix)]
fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(not(unix))]
fn executable(_path: &Path) {}

#[test]
fn the_subject_is_what_git_prints_of_the_commit() {
    let story = Story::tell();
    let clone = story.whole();
    let files = clone.open(&story.request(None)).unwrap();
    let subject = files.commit_subject(&story.request(None)).unwrap().unwrap();
    let printed = clone.command().args(["cat-file", "commit", &story.head]).output().unwrap();
    assert_eq!(subject.sha256, Digest::of(printed.stdout));
    let elsewhere = Change { commit: Some("1".repeat(40).parse().unwrap()), ..story.request(None) };
    assert_eq!(files.commit_subject(&elsewhere).unwrap(), None);
}

#[test]
fn a_working_directory_below_the_root_and_a_linked_working_tree_are_the_same_repository() {
    let story = Story::tell();
    let clone = story.whole();
    let files = clone.open_in("src", &story.request(Some(&story.tip)), &env()).unwrap();
    assert_eq!(text(&files, "../exceptions.yaml").as_deref(), Some("[]"));
    assert_eq!(text(&files, "exceptions.yaml"), None);
    assert_eq!(names(&files, "../policies"), ["../policies/a.rego"]);
    let linked = story.dir("linked");
    clone.git(&["worktree", "add", "-q", linked.to_str().unwrap(), &story.head]);
    let linked = Repo { dir: linked, minute: 0.into() };
    assert_judged_by_the_tip(&linked.open(&story.request(Some(&story.tip))).unwrap(), &story);
}

#[test]
fn a_path_written_in_full_is_read_from_the_tip_too() {
    let story = Story::tell();
    let clone = story.whole();
    let files = clone.open(&story.request(Some(&story.tip))).unwrap();
    let full = clone.dir.canonicalize().unwrap().join("exceptions.yaml");
    assert_eq!(files.read(&full).unwrap().as_deref(), Some(&b"[]"[..]));
}

#[test]
fn what_the_platform_installed_outside_is_read_as_it_is() {
    let story = Story::tell();
    let clone = story.whole();
    let files = clone.open(&story.request(Some(&story.tip))).unwrap();
    let platform = story.dir("platform");
    std::fs::create_dir(&platform).unwrap();
    std::fs::write(platform.join("company.rego"), "package x").unwrap();
    for path in [platform.join("company.rego"), PathBuf::from("../platform/company.rego")] {
        assert_eq!(files.read(&path).unwrap().as_deref(), Some(&b"package x"[..]), "{}", path.display());
        assert_eq!(files.describe(&path), path.display().to_string());
    }
    assert_eq!(files.read(&platform.join("other.rego")).unwrap(), None);
    assert_eq!(files.list(&platform).unwrap(), [platform.join("company.rego")]);
}

#[cfg(unix)]
#[test]
fn a_link_is_no_way_around() {
    use std::os::unix::fs::symlink;
    let story = Story::tell();
    let origin = &story.origin;
    symlink("policies", origin.dir.join("rules")).unwrap();
    symlink("exceptions.yaml", origin.dir.join("linked.yaml")).unwrap();
    let tip = origin.commit(&[]);
    let clone = story.whole();
    // The head's working tree: the directory of policies is a link to another one.
    std::fs::remove_dir_all(clone.dir.join("policies")).unwrap();
    symlink("src", clone.dir.join("policies")).unwrap();
    symlink(&clone.dir, story.dir("platform")).unwrap();
    let files = clone.open(&story.request(Some(&tip))).unwrap();
    assert_eq!(names(&files, "policies"), ["policies/a.rego"]);
    for (path, said) in [
        ("linked.yaml", "linked.yaml is a symbolic link, a regular file was expected"),
        ("rules/a.rego", "rules is a symbolic link, and is not followed"),
        ("../platform/policies/b.rego", "../platform/policies/b.rego: leads into the working tree"),
        ("../platform/nothing.yaml", "../platform/nothing.yaml: leads into the working tree"),
    ] {
        let error = files.read(Path::new(path)).unwrap_err();
        assert!(error.to_string().contains(said), "{path}: {error}");
        assert_eq!(error.exit.code(), 3);
    }
    let error = files.read_all(&[PathBuf::from("rules")]).unwrap_err();
    assert!(error.to_string().contains("rules is a symbolic link"), "{error}");
    let error = files.list(&story.dir("platform")).unwrap_err();
    assert!(error.to_string().contains("leads into the working tree"), "{error}");
}

#[test]
fn a_submodule_is_not_looked_into() {
    let story = Story::tell();
    let entry = format!("160000,{},vendored", story.start);
    story.origin.git(&["update-index", "--add", "--cacheinfo", &entry]);
    story.origin.git(&["commit", "-q", "-m", "a submodule"]);
    let tip = story.origin.git(&["rev-parse", "main"]);
    let files = story.whole().open(&story.request(Some(&tip))).unwrap();
    let error = files.read(Path::new("vendored/policy.rego")).unwrap_err();
    assert!(error.to_string().contains("vendored is a submodule, and is not followed"), "{error}");
}

#[test]
fn outside_of_a_request_the_working_tree_judges_at_its_commit() {
    let story = Story::tell();
    let clone = story.whole();
    clone.git(&["checkout", "-q", &story.tip]);
    let push = Change { commit: Some(story.tip.parse().unwrap()), ..Change::default() };
    let paths: Vec<&Path> = JUDGING.iter().map(Path::new).collect();
    let recorded = || clone.open(&push).unwrap().facts(&paths).unwrap().commit.map(|commit| commit.to_string());

    let files = clone.open(&push).unwrap();
    assert_eq!(text(&files, "exceptions.yaml").as_deref(), Some("[]"));
    assert_eq!(text(&files, "nothing.yaml"), None);
    assert_eq!(names(&files, "policies"), ["policies/a.rego"]);
    let judging = files.facts(&paths).unwrap();
    assert_eq!(judging.source, JudgingSource::WorkingTree);
    assert_eq!(judging.commit.unwrap().as_str(), story.tip);
    assert!(judging.edited.is_empty());
    assert_eq!(files.add_changed_files(push.clone()), push);

    clone.write(&[("src/app.py", "not a judge")]);
    assert_eq!(recorded().as_ref(), Some(&story.tip));
    clone.write(&[("policies/untracked.rego", "allow")]);
    assert_eq!(recorded(), None, "a file that is in no commit judged");
    std::fs::remove_file(clone.dir.join("policies/untracked.rego")).unwrap();
    assert_eq!(recorded().as_ref(), Some(&story.tip));
    std::fs::remove_file(clone.dir.join("service.yaml")).unwrap();
    assert_eq!(recorded(), None, "a file of the commit is missing");
    clone.write(&[("service.yaml", "internal")]);
    assert_eq!(recorded(), None, "a file is not as committed");
}

#[test]
fn another_commit_than_the_released_one_does_not_judge_it() {
    let story = Story::tell();
    let clone = story.whole();
    let push = Change { commit: Some(story.tip.parse().unwrap()), ..Change::default() };
    let (message, _) = problem(clone.open(&push));
    assert_eq!(message, format!("the working tree is at {}, but {} is to be released", story.head, story.tip));
}

#[cfg(unix)]
#[test]
fn in_a_working_tree_a_link_that_leaves_is_refused() {
    use std::os::unix::fs::symlink;
    let story = Story::tell();
    let clone = story.whole();
    std::fs::write(story.dir("outside.yaml"), "outside").unwrap();
    symlink(story.dir("outside.yaml"), clone.dir.join("leaves.yaml")).unwrap();
    symlink(story.temp.path(), clone.dir.join("up")).unwrap();
    symlink("service.yaml", clone.dir.join("stays.yaml")).unwrap();
    let files = clone.open(&Change::default()).unwrap();
    for path in ["leaves.yaml", "up/outside.yaml"] {
        let error = files.read(Path::new(path)).unwrap_err();
        assert!(error.to_string().contains("a link that leaves the repository"), "{error}");
    }
    assert_eq!(text(&files, "stays.yaml").as_deref(), Some("internal"));
    assert_eq!(text(&files, "../outside.yaml").as_deref(), Some("outside"), "a path that says so may leave");
}

#[test]
fn without_a_repository_the_working_directory_judges() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::write(temp.path().join("service.yaml"), "public").unwrap();
    let files = JudgingFiles::open(&Change::default(), None, temp.path()).unwrap();
    assert_eq!(text(&files, "service.yaml").as_deref(), Some("public"));
    let judging = files.facts(&[Path::new("service.yaml")]).unwrap();
    assert_eq!((judging.source, judging.commit), (JudgingSource::WorkingTree, None));
}

/// The command in a pipeline: a service that runs what a shell is told, and a head that wants to ship it.
mod check {
    use serde_json::{Value, json};

    use super::{Repo, follow};
    use crate::support::{command, fixture, root};
    use std::path::{Path, PathBuf};

    const AT: &str = "2026-11-21T08:00:00Z";
    const SERVICE: &str = "name: stock\nowner: team-stock\nteam: team-stock\ntier: low\nexposure: internal\n";
    const CONFIG: &str =
        "service: service.yaml\nprofile: ./profile.yaml\nexceptions: [exceptions.yaml]\npolicy: [policies]\n";
    const EXCEPTION: &str = r#"
- id: EX-2026-001
  match: { rule: B602, path: "shop/store.py" }
  owner: team-stock
  reason: not reachable
  mitigation: runs in a sandbox
  created: 2026-11-20
  expires: 2026-11-30
  approvals:
    - { by: jo@example.com, at: 2026-11-20 }
"#;
    const COMPANY_RULE: &str = r#"# METADATA
# title: No shell is started here
# custom:
#   owner: platform
package countersign.rules.company.no_shell

deny contains "no shell is started here" if {
	some finding in input.findings
	finding.rule.id == "B602"
}
"#;
    const ADMIT_ALL: &str = r#"# METADATA
# title: Every exception is fine
# custom:
#   owner: nobody
package countersign.admission.everything

admit contains exception.id if some exception in input.exceptions
"#;

    fn profile() -> String {
        std::fs::read_to_string(root().join("policies/profiles/default.yaml")).unwrap()
    }

    /// An origin whose `main` judges strictly, and room beside it.
    struct World {
        origin: Repo,
        temp: tempfile::TempDir,
    }

    /// How a run is started.
    #[derive(Clone, Copy, PartialEq)]
    enum Run {
        /// The pull request from the head to main.
        Request,
        /// A push of the head, which is not judged by main.
        Push,
    }

    impl World {
        fn new(files: &[(&str, &str)]) -> Self {
            let temp = tempfile::tempdir().unwrap();
            let origin = Repo::init(&temp.path().join("origin"));
            origin.commit(&[
                ("countersign.yaml", CONFIG),
                ("exceptions.yaml", "[]\n"),
                ("policies/company.rego", COMPANY_RULE),
                ("profile.yaml", &profile()),
                ("service.yaml", SERVICE),
                ("src/app.py", "print(1)\n"),
            ]);
            if !files.is_empty() {
                origin.commit(files);
            }
            Self { origin, temp }
        }

        /// Commits a head on a branch of its own; `main` goes on without it.
        fn head(&self, edits: &[(&str, Option<&str>)]) -> String {
            self.origin.git(&["checkout", "-q", "--detach", "main"]);
            self.origin.write(&[("src/app.py", "print(2)\n")]);
            for (path, content) in edits {
                match content {
                    Some(content) => self.origin.write(&[(path, content)]),
                    None => std::fs::remove_file(self.origin.dir.join(path)).unwrap(),
                }
            }
            let head = self.origin.commit(&[]);
            self.origin.git(&["update-ref", "refs/pull/42/head", &head]);
            self.origin.git(&["checkout", "-q", "main"]);
            head
        }

        fn clone(&self, head: &str, fetch: &[&str]) -> Repo {
            let dir = self.temp.path().join(format!("clone-{}", self.temp.path().read_dir().unwrap().count()));
            let clone = Repo::clone(&self.origin, &dir, fetch);
            clone.git(&["fetch", "-q", "--depth=1", "origin", head]);
            clone.git(&["checkout", "-q", head]);
            clone
        }

        fn beside(&self, name: &str, content: &str) -> PathBuf {
            let path = self.temp.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        }

        /// Runs `check` in a clone and gives its exit code, its decision where there is one, and what it said.
        fn check(&self, clone: &Repo, head: &str, run: Run, more: &[&str]) -> (i32, Option<Value>, String) {
            self.check_holding(&[], clone, head, run, more)
        }

        /// The same in a run that holds more variables.
        fn check_holding(
            &self,
            held: &[(&str, &str)],
            clone: &Repo,
            head: &str,
            run: Run,
            more: &[&str],
        ) -> (i32, Option<Value>, String) {
            let report = fixture("formats/bandit/1.9.4-shop.json");
            let receipts = command()
                .args(["receipt", "--tool", "bandit", "--commit", head, "--at", AT])
                .arg(&report)
                .output()
                .unwrap();
            assert!(receipts.status.success());
            let receipts = self.beside("receipts.json", std::str::from_utf8(&receipts.stdout).unwrap());
            let tip = self.origin.git(&["rev-parse", "main"]);
            let event = self.beside("event.json", &event(run, head, &tip).to_string());
            let decision = self.temp.path().join("decision.json");
            let _ = std::fs::remove_file(&decision);
            let mut check = command();
            check.current_dir(&clone.dir).envs(environment(run, head, &event)).envs(held.iter().copied());
            check.arg("check").arg(&report).arg("--receipt").arg(&receipts).args(["--at", AT]);
            check.arg(format!("--output=json={}", decision.display())).args(more);
            let output = check.output().unwrap();
            let said =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            let document: Option<Value> =
                std::fs::read(decision).ok().map(|bytes| serde_json::from_slice(&bytes).unwrap());
            // A document that says that there is none is no decision.
            let decision = document.filter(|document| document.get("outcome").unwrap() != "error");
            (output.status.code().unwrap(), decision, said)
        }
    }

    fn event(run: Run, head: &str, tip: &str) -> Value {
        let repository = json!({"id": 1, "full_name": "acme/shop"});
        match run {
            Run::Push => json!({"ref": "refs/heads/x", "repository": repository, "head_commit": {"id": head}}),
            Run::Request => json!({
                "action": "synchronize", "number": 42, "repository": repository,
                "pull_request": {
                    "number": 42, "title": "Import stock", "user": {"login": "kim"}, "labels": [],
                    "head": {"ref": "x", "sha": head, "repo": repository},
                    "base": {"ref": "main", "sha": tip, "repo": repository},
                },
            }),
        }
    }

    fn environment(run: Run, head: &str, event: &Path) -> Vec<(&'static str, String)> {
        let (name, git_ref) = match run {
            Run::Push => ("push", "refs/heads/x"),
            Run::Request => ("pull_request", "refs/pull/42/merge"),
        };
        vec![
            ("CI", "true".to_owned()),
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_ACTOR", "kim".to_owned()),
            ("GITHUB_EVENT_NAME", name.to_owned()),
            ("GITHUB_EVENT_PATH", event.display().to_string()),
            ("GITHUB_REF", git_ref.to_owned()),
            ("GITHUB_REPOSITORY", "acme/shop".to_owned()),
            ("GITHUB_SHA", head.to_owned()),
        ]
    }

    /// What a decision says about the release, line by line, with the commit masked and without the notice of edits.
    fn essence(decision: &Value) -> Vec<String> {
        let head = decision["change"]["commit"].as_str().unwrap();
        let mut lines = Vec::new();
        for name in ["outcome", "exit_code", "mode", "fail_on", "profile", "environment", "service"] {
            lines.push(format!("{name} {}", decision[name]));
        }
        lines.push(format!("policies {}", decision["gate"]["policy_digest"]));
        for (list, fields) in [
            ("coverage", &["check", "required_by", "state"][..]),
            ("verdicts", &["rule", "action", "msg", "severity", "findings", "exceptions", "owner", "next"]),
            ("findings", &["id", "severity", "disposition", "exception"]),
            ("exceptions", &["id", "state", "covers"]),
        ] {
            for item in decision[list].as_array().unwrap().iter().filter(|item| !is_notice(item)) {
                let shown: Vec<String> = fields.iter().map(|field| item[field].to_string()).collect();
                lines.push(format!("{list} {}", shown.join(" ")).replace(&head[..7], "HEAD"));
            }
        }
        lines
    }

    fn is_notice(verdict: &Value) -> bool {
        verdict["rule"].as_str().is_some_and(|rule| rule.starts_with("change/judging"))
    }

    /// A head with these edits is decided about just as one without them; pushed instead, the edits would have told.
    fn assert_gains_nothing(main: &[(&str, &str)], edits: &[(&str, Option<&str>)]) {
        let world = World::new(main);
        let all: &[&str] = &["origin"];
        let decide = |edits: &[(&str, Option<&str>)], run| {
            let head = world.head(edits);
            let clone = world.clone(&head, all);
            let (code, decision, said) = world.check(&clone, &head, run, &[]);
            let decision = decision.unwrap_or_else(|| panic!("exit {code}: {said}"));
            assert_eq!(decision["exit_code"], code);
            decision
        };
        let honest = decide(&[], Run::Request);
        let pushed = decide(&[], Run::Push);
        assert_eq!(
            honest["gate"]["policy_digest"], pushed["gate"]["policy_digest"],
            "the same policies, wherever read"
        );
        assert_eq!((&honest["outcome"], &honest["exit_code"]), (&json!("block"), &json!(1)));
        let attack = decide(edits, Run::Request);
        for (attack, honest) in essence(&attack).iter().zip(essence(&honest)) {
            assert_eq!(*attack, honest);
        }
        assert_eq!(essence(&attack).len(), essence(&honest).len());
        assert_eq!(attack["judging"]["source"], "target-branch");
        assert_eq!(attack["judging"]["commit"], json!(world.origin.git(&["rev-parse", "main"])));
        let mut paths: Vec<&str> = edits.iter().map(|(path, _)| *path).collect();
        paths.sort_unstable();
        assert_eq!(attack["judging"]["edited"], json!(paths));
        assert!(
            attack["verdicts"]
                .as_array()
                .unwrap()
                .iter()
                .any(|verdict| { is_notice(verdict) && verdict["msg"].as_str().unwrap().contains(paths[0]) }),
            "the edits are shown"
        );
        assert!(essence(&decide(edits, Run::Push)) != essence(&pushed), "the edits would do nothing anyway");
    }

    #[test]
    fn a_head_that_excepts_itself_gains_nothing() {
        assert_gains_nothing(&[], &[("exceptions.yaml", Some(EXCEPTION))]);
    }

    /// A decision about the shop on this branch that lists findings as open.
    fn baseline(branch: &str, findings: &Value) -> String {
        let document = json!({
            "schema": "countersign/decision/v1", "id": "d-0", "outcome": "warn", "decided_at": "2026-11-19T12:00:00Z",
            "clock": "system", "environment": "production", "mode": "enforce", "findings": findings, "reports": [],
            "change": { "repository": "acme/shop", "branch": branch, "target": null, "commit": null },
            "service": { "name": "stock" },
        });
        document.to_string()
    }

    #[test]
    fn a_head_that_writes_its_own_baseline_gains_nothing() {
        let world = World::new(&[]);
        let head = world.head(&[]);
        let (_, decision, said) = world.check(&world.clone(&head, &["origin"]), &head, Run::Request, &[]);
        let found = decision.unwrap_or_else(|| panic!("{said}"))["findings"].clone();
        let known = "{ critical: ignore, high: ignore, medium: ignore, low: ignore, info: ignore, unknown: ignore }";
        let softened = profile().replace(
            "known: { critical: block, high: block, medium: block, low: block, info: block, unknown: block }",
            &format!("known: {known}"),
        );
        assert_ne!(softened, profile());
        let config = format!("{CONFIG}baseline: baseline.json\n");
        let forged = baseline("x", &found);
        let trusting = format!("{config}baseline_digest: {}\n", super::Digest::of(&forged));
        assert_gains_nothing(
            &[
                ("baseline.json", &baseline("main", &json!([]))),
                ("countersign.yaml", &config),
                ("profile.yaml", &softened),
            ],
            &[("baseline.json", Some(&forged)), ("countersign.yaml", Some(&trusting))],
        );
    }

    #[test]
    fn a_head_that_calls_its_service_internal_gains_nothing() {
        let public = SERVICE.replace("internal", "public");
        let main = [("service.yaml", public.as_str()), ("exceptions.yaml", EXCEPTION)];
        assert_gains_nothing(&main, &[("service.yaml", Some(SERVICE))]);
    }

    #[test]
    fn a_head_that_loosens_its_profile_gains_nothing() {
        let loose = profile().replace("    - { check: secrets }\n", "").replace("normal: 1,", "normal: 0,");
        assert_gains_nothing(&[], &[("profile.yaml", Some(&loose))]);
    }

    #[test]
    fn a_head_that_takes_a_rule_away_gains_nothing() {
        let other = COMPANY_RULE.replace("no_shell", "nothing").replace("B602", "B000");
        assert_gains_nothing(&[], &[("policies/company.rego", None), ("policies/other.rego", Some(&other))]);
    }

    #[test]
    fn a_head_that_weakens_a_rule_gains_nothing() {
        let weak = COMPANY_RULE.replace("B602", "B000");
        assert_gains_nothing(&[], &[("policies/company.rego", Some(&weak))]);
    }

    #[test]
    fn a_head_that_admits_exceptions_gains_nothing() {
        let unapproved = EXCEPTION.split("  approvals:").next().unwrap();
        assert_gains_nothing(&[("exceptions.yaml", unapproved)], &[("policies/admit.rego", Some(ADMIT_ALL))]);
    }

    #[test]
    fn a_head_that_names_itself_in_codeowners_gains_nothing() {
        let main = [(".github/CODEOWNERS", "*.py @acme/web\n")];
        assert_gains_nothing(&main, &[(".github/CODEOWNERS", Some("*.py @kim\n"))]);
    }

    /// What a rule of the pack says of a run: its verdicts as `action msg`.
    fn said_by(decision: &Value, rule: &str) -> Vec<String> {
        let verdicts = decision["verdicts"].as_array().unwrap().iter().filter(|verdict| verdict["rule"] == rule);
        verdicts.map(|v| format!("{} {}", v["action"].as_str().unwrap(), v["msg"].as_str().unwrap())).collect()
    }

    #[test]
    fn a_change_to_the_policies_is_approved_by_their_owner() {
        let demanding = profile().replace(
            "policy_changes: { approvals: 0, roles: [] }",
            "policy_changes: { approvals: 1, roles: [security] }",
        );
        let roles = "authority:\n  roles:\n    noa: [security]\n    jo: [engineering-lead]\n";
        let world = World::new(&[("profile.yaml", &demanding), ("policies/data.yaml", roles)]);
        // The head makes somebody else the owner of the policies, which is not in force.
        let head = world.head(&[
            ("exceptions.yaml", Some(EXCEPTION)),
            ("policies/data.yaml", Some("authority:\n  roles:\n    jo: [security]\n")),
        ]);
        let clone = world.clone(&head, &["origin"]);
        let approved_by = |name: &str| {
            let change = json!({ "approvals": [{ "by": name, "commit": head, "at": "2026-11-20T12:00:00Z" }] });
            let change = world.beside(&format!("{name}.json"), &change.to_string());
            let (_, decision, said) = world.check(&clone, &head, Run::Request, &["--change", change.to_str().unwrap()]);
            said_by(&decision.unwrap_or_else(|| panic!("{said}")), "change/judging-inputs")
        };
        let edits = "edits what judges it, not in force until merged: exceptions.yaml, policies/data.yaml";
        assert_eq!(approved_by("jo"), [format!("deny {edits}; 0 of 1 approvals by the role security")]);
        assert_eq!(approved_by("kim"), [format!("deny {edits}; 0 of 1 approvals by the role security")]);
        assert_eq!(approved_by("noa"), [format!("warn {edits}")]);
    }

    #[test]
    fn a_change_request_that_holds_secrets_of_production_blocks_and_their_values_are_nowhere() {
        let demanding = profile()
            .replace("production_secrets: []", "production_secrets: [\"PROD_*\"]")
            .replace("signing_key_in_requests: true", "signing_key_in_requests: false");
        let world = World::new(&[("profile.yaml", &demanding)]);
        let head = world.head(&[]);
        let clone = world.clone(&head, &["origin"]);
        let rule = "runners/secrets";
        let holding = |held: &[(&str, &str)], run, more: &[&str]| {
            let (_, decision, said) = world.check_holding(held, &clone, &head, run, more);
            let decision = decision.unwrap_or_else(|| panic!("{said}"));
            assert!(!decision.to_string().contains("hunter2") && !said.contains("hunter2"));
            said_by(&decision, rule)
        };
        let held = [("PROD_TOKEN", "hunter2"), ("STAGE_TOKEN", "hunter2"), ("PROD_EMPTY", "")];
        assert_eq!(
            holding(&held, Run::Request, &[]),
            ["deny this run of a change request holds PROD_TOKEN, a secret of production"]
        );
        // The change file may add to what was seen, and take nothing away.
        let change = world.beside("none.json", r#"{"run": {"secrets": []}}"#);
        assert_eq!(holding(&held, Run::Request, &["--change", change.to_str().unwrap()]).len(), 1);
        assert!(holding(&held[1..], Run::Request, &[]).is_empty());
        assert!(holding(&held, Run::Push, &[]).is_empty());

        let made = command().current_dir(&world.temp).args(["key", "new", "--out", "gate"]).output().unwrap();
        assert!(made.status.success());
        let key = world.temp.path().join("gate.pem");
        let key = ["--key", key.to_str().unwrap()];
        assert_eq!(
            holding(&[], Run::Request, &key),
            ["deny this run of a change request holds the key that signs evidence"]
        );
        assert!(holding(&[], Run::Push, &key).is_empty());
    }

    #[test]
    fn a_head_that_configures_the_gate_gains_nothing() {
        for line in ["mode: audit\n", "fail_on: never\n", "environment: sandbox\n", "no_builtin: true\n"] {
            assert_gains_nothing(&[], &[("countersign.yaml", Some(&format!("{CONFIG}{line}")))]);
        }
        let elsewhere = CONFIG.replace("exceptions.yaml", "src/exceptions.yaml");
        let world_edits = [("countersign.yaml", Some(elsewhere.as_str()))];
        let world = World::new(&[]);
        let head = world.head(&[world_edits[0], ("src/exceptions.yaml", Some(EXCEPTION))]);
        let (code, decision, _) = world.check(&world.clone(&head, &["origin"]), &head, Run::Request, &[]);
        assert_eq!((code, &decision.unwrap()["exceptions"]), (1, &json!([])));
    }

    #[test]
    fn what_only_the_head_has_cannot_be_named_on_the_command_line_either() {
        let world = World::new(&[]);
        let head = world.head(&[("mine.yaml", Some(EXCEPTION)), ("mine.rego", Some(ADMIT_ALL))]);
        let clone = world.clone(&head, &["origin"]);
        for argument in ["--exceptions=mine.yaml", "--policy=mine.rego", "--service=mine.yaml", "--profile=./mine.yaml"]
        {
            let (code, decision, said) = world.check(&clone, &head, Run::Request, &[argument]);
            assert_eq!((code, decision), (3, None), "{argument}: {said}");
            assert!(said.contains("mine."), "{argument}: {said}");
        }
    }

    #[test]
    fn a_clone_without_the_target_decides_nothing_and_says_how_to_get_it() {
        let world = World::new(&[]);
        let head = world.head(&[("exceptions.yaml", Some(EXCEPTION))]);
        let clone = world.clone(&head, &["--depth=1", "origin", "refs/pull/42/head"]);
        let (code, decision, said) = world.check(&clone, &head, Run::Request, &[]);
        assert_eq!((code, decision), (3, None), "{said}");
        assert!(said.contains("the tip of main is not in the clone") && said.contains("fetch-depth: 2"), "{said}");
        let (_, after) = said.split_once("run: ").unwrap();
        follow(&clone, &format!("run: {}", after.lines().next().unwrap()));
        let (code, decision, said) = world.check(&clone, &head, Run::Request, &[]);
        assert_eq!(code, 1, "{said}");
        assert_eq!(decision.unwrap()["judging"]["edited"], json!(["exceptions.yaml"]));
    }

    #[test]
    fn a_change_file_adds_but_does_not_contradict() {
        let world = World::new(&[]);
        let head = world.head(&[]);
        let clone = world.clone(&head, &["origin"]);
        let file = |content: Value| world.beside("change.json", &content.to_string()).display().to_string();
        let path = file(json!({"ticket": "STOCK-1", "commit": head, "approvals": [{"by": "jo", "commit": head}]}));
        let (_, decision, said) = world.check(&clone, &head, Run::Request, &["--change", &path]);
        let change = &decision.unwrap_or_else(|| panic!("{said}"))["change"];
        assert_eq!(change["ticket"], "STOCK-1");
        assert_eq!(change["approvals"][0]["by"], "jo");
        assert_eq!((&change["sources"]["commit"], &change["sources"]["ticket"]), (&json!("event"), &json!("file")));
        assert_eq!(change["files"], json!(["src/app.py"]));
        let path = file(json!({"target": "gift-cards", "author": "jo"}));
        let (code, decision, said) = world.check(&clone, &head, Run::Request, &["--change", &path]);
        assert_eq!((code, decision), (3, None));
        assert!(
            said.contains("change.target: the file says gift-cards, but the event of this run says main"),
            "{said}"
        );
        assert!(said.contains("change.author: the file says jo, but the event of this run says kim"), "{said}");
    }
}
