//! The files that `init` writes, each from its template.
//!
//! What must stay true: nothing of the repository gets into a file but what is a plain word or was quoted for its shell.

use std::fmt::Write as _;

use super::super::config;
use super::Pipeline;
use super::scanners::Step;

/// A file that is written, its text, and what it is for.
pub(super) struct NewFile {
    /// Its path from the directory.
    pub(super) path: &'static str,
    /// What is in it.
    pub(super) text: String,
    /// What it is for, in few words.
    pub(super) purpose: &'static str,
}

/// Runs the scanners and the gate, in any pipeline and on any machine.
pub(super) const SCRIPT: &str = "release-gate.sh";
const GITHUB: &str = ".github/workflows/release-gate.yml";
const GITLAB: &str = "release-gate.gitlab-ci.yml";

pub(super) const CONFIG: &str = include_str!("../templates/countersign.yaml");
pub(super) const EXCEPTIONS: &str = include_str!("../templates/exceptions.yaml");
pub(super) const SERVICE: &str = include_str!("../templates/service.yaml");

/// All of them, for a service of this name.
pub(super) fn files(name: Option<&str>, steps: &[Step], pipeline: Pipeline) -> Vec<NewFile> {
    let mut files = vec![
        NewFile { path: config::FILE_NAME, text: CONFIG.to_owned(), purpose: "what check does here" },
        NewFile { path: "exceptions.yaml", text: EXCEPTIONS.to_owned(), purpose: "accepted risks: none yet" },
        NewFile { path: "service.yaml", text: service(name), purpose: "what is released, and who owns it" },
        NewFile { path: SCRIPT, text: script(steps), purpose: "runs the scanners and the gate, in any pipeline" },
    ];
    let job = match pipeline {
        Pipeline::Github => Some((GITHUB, include_str!("../templates/github.yml"), "runs it in GitHub Actions")),
        Pipeline::Gitlab => Some((GITLAB, include_str!("../templates/gitlab.yml"), "runs it in GitLab CI")),
        Pipeline::None => None,
    };
    files.extend(job.map(|(path, text, purpose)| NewFile { path, text: text.to_owned(), purpose }));
    files
}

fn service(name: Option<&str>) -> String {
    match name {
        Some(name) => SERVICE.replace("\n#name: shop\n", &format!("\nname: {name}\n")),
        None => SERVICE.to_owned(),
    }
}

fn script(steps: &[Step]) -> String {
    let mut scans = String::new();
    let mut receipts = String::new();
    for Step { program, name, report, command } in steps {
        // Writing to a String cannot fail.
        let _ = writeln!(scans, "need {program}\n{command} || found {program} $?");
        let _ = writeln!(scans, "countersign receipt --tool {program} {report} > receipts/{name}.json\n");
        let _ = write!(receipts, " \\\n  --receipt receipts/{name}.json");
    }
    include_str!("../templates/release-gate.sh").replace("@scans\n\n", &scans).replace("@receipts", &receipts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_states_each_scan_and_passes_its_receipt_on() {
        let step = |program: &'static str| Step {
            program,
            name: program.to_owned(),
            report: format!("reports/{program}.json"),
            command: format!("{program} . > reports/{program}.json"),
        };
        let script = script(&[step("one"), step("two")]);
        assert!(!script.contains("@scans") && !script.contains("@receipts"), "{script}");
        assert!(script.contains("need one\none . > reports/one.json || found one $?\n"), "{script}");
        assert!(script.contains("countersign receipt --tool two reports/two.json > receipts/two.json\n"), "{script}");
        let check =
            "countersign check reports/ \\\n  --receipt receipts/one.json \\\n  --receipt receipts/two.json \\\n  --";
        assert!(script.contains(check), "{script}");
    }
}
