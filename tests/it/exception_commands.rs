//! `exception …` through the binary: what is said of records before anything is decided, and what is written into their files.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{command, fixture};

/// A directory with the inputs of the scenario `excepted`.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        for name in ["change.json", "receipts.json", "service.yaml", "exceptions.yaml"] {
            place.write(name, &std::fs::read_to_string(fixture("scenarios/excepted").join(name)).unwrap());
        }
        place
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut run = command();
        run.current_dir(self.path()).arg("exception").args(arguments);
        run
    }

    /// Exit code, standard output, standard error.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// A command that reads records, on the day of the scenario.
    fn look(&self, arguments: &[&str]) -> (i32, String, String) {
        let here =
            ["--ci", "none", "--at", "2026-11-21T12:00:00Z", "--service", "service.yaml", "--change", "change.json"];
        let records = ["--exceptions", "exceptions.yaml"];
        self.run(&[arguments, &here, &records].concat())
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn report(path: &str) -> String {
    fixture("formats").join(path).to_string_lossy().into_owned()
}

/// One record without a fault, and one of each kind of fault.
const FAULTY: &str = "\
# kept
- id: EX-1
  match: { ids: [CVE-2026-1] }
  owner: team-stock
  reason: r
  mitigation: m
  created: 2026-11-10
  expires: 2026-11-30
  approvals: [{ by: kim@example.com }]
- id: EX-2
  match: { ids: [CVE-2026-2] }
  owner: team-stock
  reason: r
  mitigation: m
  created: 2026-11-10
  expires: 2028-11-30
- id: EX-3
  match: { ids: [CWE-79] }
  owner:
  reason: r
  mitigation: m
  created: 2026-11-10
  expires_at: 2026-11-30
";

#[test]
fn lint_names_faults_of_form_and_of_governance_together() {
    let place = Place::new();
    place.write("exceptions.yaml", FAULTY);
    let (code, out, err) = place.look(&["lint"]);
    assert_eq!((code, err.as_str()), (3, ""), "{out}");
    for line in [
        "exceptions.yaml:10:7: EX-2: it lives 751 days, at most 365 for a info finding of a service that is internal",
        "  next: mend the record; the figures stand in the profile default under `exceptions`",
        "exceptions.yaml:18:18: `CWE-79` is a class of weaknesses",
        "exceptions.yaml:19:9: `owner` is blank",
        "exceptions.yaml:23:3: unknown key `expires_at`",
        "  next: did you mean `expires`?",
        "2 records could be judged, 5 faults",
    ] {
        assert!(out.contains(line), "{line}\n{out}");
    }
    assert!(!out.contains("EX-1"), "{out}");

    let (code, out, _) = place.look(&["lint", "--output", "json", "--output", "human=lint.txt"]);
    let document = json(&out);
    assert_eq!((code, &document["schema"]), (3, &Value::from("countersign/exception-lint/v1")));
    let kinds: Vec<&str> = document["faults"].as_array().unwrap().iter().map(|f| f["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["governance", "form", "form", "form", "form"]);
    assert_eq!(document["faults"][0]["exception"], "EX-2");
    assert!(place.read("lint.txt").ends_with("5 faults\n"));
}

#[test]
fn lint_judges_a_record_by_what_it_covers_where_reports_say_so() {
    let place = Place::new();
    let record = place.read("exceptions.yaml");
    let reports = report("cargo-audit/0.22.2-ignore.json");
    let (code, out, err) = place.look(&["lint", &reports]);
    assert_eq!((code, out.as_str()), (0, "1 record, no fault\n"), "{err}");

    // Sixty days are admitted for a medium finding; what the report says of this one is worse.
    place.write("exceptions.yaml", &record.replace("expires: 2026-11-30", "expires: 2027-01-09"));
    assert_eq!(place.look(&["lint"]).0, 0);
    let (code, out, _) = place.look(&["lint", &reports]);
    assert!(code == 1 && out.contains("EX-2026-001: it lives 60 days, at most 30 for a critical finding"), "{out}");

    // A record whose day has not come is judged as of that day; one that is over is a fault.
    place.write("exceptions.yaml", &record.replace("created: 2026-11-10", "created: 2026-11-25"));
    assert_eq!(place.look(&["lint"]).0, 0);
    place.write("exceptions.yaml", &record.replace("expires: 2026-11-30", "expires: 2026-11-20"));
    let (code, out, _) = place.look(&["lint"]);
    assert!(code == 1 && out.contains("EX-2026-001: it ended on 2026-11-20"), "{out}");

    let (code, _, err) = place.run(&["lint", "--ci", "none", "--exceptions", "none.yaml"]);
    assert!(code == 3 && err.contains("none.yaml: no such file"), "{err}");
    let (code, _, err) = place.run(&["lint", "--ci", "none"]);
    assert!(code == 2 && err.contains("no exception records are named"), "{err}");
    let (code, _, err) = place.look(&["lint", "--key", "gate.pem"]);
    assert!(code == 2 && err.contains("leaves no evidence"), "{err}");
}

#[test]
fn list_says_state_days_owner_and_what_is_covered() {
    let place = Place::new();
    let two = place.read("exceptions.yaml")
        + "- id: EX-9
  match: { ids: [CVE-2026-9] }
  owner: '=team'
  reason: r
  mitigation: m
  created: 2026-11-01
  expires: 2026-11-20
- id: EX-8
  match: { ids: [CVE-2026-9] }
  owner: team-x
  reason: r
  mitigation: m
  created: 2026-11-22
  expires: 2026-11-30
";
    place.write("exceptions.yaml", &two);
    let (code, out, err) = place.look(&["list"]);
    let shown = "\
EX-9         expired   2026-11-20  1 day over       =team
  it ended on 2026-11-20
EX-2026-001  in-force  2026-11-30  9 days left      team-stock
EX-8         pending   2026-11-30  9 days left      team-x
3 records
";
    assert_eq!((code, out.as_str()), (0, shown), "{err}");

    let reports = report("cargo-audit/0.22.2-ignore.json");
    let (code, out, err) = place.look(&["list", &reports, "--receipt", "receipts.json", "--output", "json"]);
    assert_eq!(code, 0, "{err}");
    let document = json(&out);
    let states: Vec<(&str, &str, usize)> = document["exceptions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let covers = row["covers"].as_array().unwrap().len();
            (row["id"].as_str().unwrap(), row["state"].as_str().unwrap(), covers)
        })
        .collect();
    assert_eq!(states[0], ("EX-9", "expired", 0));
    assert_eq!((states[1].0, states[1].2), ("EX-2026-001", 1));
    assert!(["decisive", "used"].contains(&states[1].1), "{states:?}");

    let (_, out, _) = place.look(&["list", "--output", "csv"]);
    let rows: Vec<&str> = out.split("\r\n").collect();
    assert_eq!(rows[0], "id,state,expires,days_left,owner,ticket,renewals,file,line,covers,because");
    assert_eq!(
        rows[1],
        "\"EX-9\",expired,2026-11-20,-1,\"'=team\",\"\",0,\"exceptions.yaml\",11,\"\",\"it ended on 2026-11-20\""
    );
    place.write("exceptions.yaml", FAULTY);
    let (code, _, err) = place.look(&["list"]);
    assert!(code == 3 && err.contains("exceptions.yaml:19:9"), "{err}");
}
