//! Approvals that evidence keeps, verified again, so that nobody has to believe the gate that they were signed.
//!
//! What must stay true: an approval holds only where an allowed key signed the very record that took effect, for this repository
//! and at the instant of the decision; and whatever the facts say was signed and does not hold fails.

use std::collections::{BTreeMap, BTreeSet};

use super::kept::Kept;
use super::keys::PublicKey;
use crate::exceptions::{
    self, AllowedSigners, Context, EMERGENCY_NAMESPACE, EmergencyRecord, Force, NAMESPACE, SshKey,
};
use crate::facts::Facts;
use crate::model::emergency::Signers;
use crate::model::text::Untrusted;

/// What came of verifying again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// Everything that took effect is signed as it should be, or nothing took effect.
    Hold(String),
    /// Something cannot be told.
    Unknown(String),
    /// Something is not as the evidence says.
    Broken(String),
}

/// Judges everything that took effect by way of somebody's approval. `signers` stands in the place of those that were kept.
pub(super) fn judge(kept: &Kept<'_>, gate: &PublicKey, signers: Option<&AllowedSigners>) -> Judged {
    let emergencies = match kept.emergencies() {
        Ok(emergencies) => emergencies,
        Err(why) => return Judged::Broken(why),
    };
    if emergencies.is_empty() && kept.effective().next().is_none() {
        return Judged::Hold("no exception was applied".to_owned());
    }
    let facts = match kept.facts() {
        Ok(Some(facts)) => facts,
        // A run that ended in an error before it had facts let nothing through.
        Ok(None) => return Judged::Hold("no exception was applied".to_owned()),
        Err(why) => return Judged::Unknown(why),
    };
    let facts = match Facts::from_bytes(facts) {
        Ok(facts) => facts,
        Err(error) => return Judged::Unknown(format!("the facts cannot be read: {error}")),
    };
    let own = match kept.signers() {
        Ok(own) => own,
        Err(why) => return Judged::Unknown(why),
    };
    let by = match (signers, &own) {
        (Some(_), _) => Some("the allowed signers given"),
        (None, Some(_)) => Some("the allowed signers kept with the evidence"),
        (None, None) => None,
    };
    let signers = signers.cloned().or(own).unwrap_or_default();
    let mut tally = Tally::default();
    if let Err(why) = exceptions_of(kept, &facts, &signers, &mut tally) {
        return Judged::Broken(why);
    }
    emergencies_of(kept, &facts, &emergencies, &signers, &mut tally);
    // Whoever holds the gate's key could else approve what it lets through.
    let gate = SshKey::ed25519(gate.as_bytes());
    let spaces = [NAMESPACE, EMERGENCY_NAMESPACE];
    let may =
        |name: &Untrusted| spaces.iter().any(|space| signers.allows(&gate, name.as_raw(), space, facts.now).is_ok());
    if let Some(name) = tally.signed.iter().find(|name| may(name)) {
        tally.broken.push(format!("the gate's own key may approve as {}: a key has one role", name.line()));
    }
    tally.judged(by)
}

/// What was found.
#[derive(Default)]
struct Tally {
    /// Who signed, under any record.
    signed: BTreeSet<Untrusted>,
    /// How many signatures hold.
    holding: usize,
    broken: Vec<String>,
    unsigned: Vec<String>,
}

impl Tally {
    /// Holds what was said to be signed against what is.
    fn hold(&mut self, what: &str, said: &[Untrusted], signed: &[Untrusted], refused: &[String]) {
        for by in said {
            if signed.contains(by) {
                self.holding += 1;
                self.signed.insert(by.clone());
            } else {
                let why = if refused.is_empty() { "no such signature is kept".to_owned() } else { refused.join("; ") };
                self.broken.push(format!("{what} is said to be signed by {}: {why}", by.line()));
            }
        }
        if said.is_empty() {
            self.unsigned.push(what.to_owned());
        }
    }

    /// `by` says whose word that is; nobody's, where no allowed signers were kept or given.
    fn judged(self, by: Option<&str>) -> Judged {
        let Self { holding, broken, unsigned, .. } = self;
        if !broken.is_empty() {
            return Judged::Broken(broken.join("; "));
        }
        let hold = match (holding, by) {
            (_, None) => "no allowed signers were kept with the evidence".to_owned(),
            (0, Some(by)) => format!("no signature to hold against {by}"),
            (1, Some(by)) => format!("1 signature holds, by {by}"),
            (holding, Some(by)) => format!("{holding} signatures hold, by {by}"),
        };
        match unsigned.is_empty() {
            true => Judged::Hold(hold),
            false => Judged::Unknown(format!("{hold}; nobody signed {}", unsigned.join(", "))),
        }
    }
}

/// The exceptions that took effect.
fn exceptions_of(kept: &Kept<'_>, facts: &Facts, signers: &AllowedSigners, tally: &mut Tally) -> Result<(), String> {
    let records = kept.records()?;
    let repository = facts.change.repository.as_ref().map(Untrusted::as_raw);
    let context = Context {
        service: facts.service.name.as_ref().map(Untrusted::as_raw),
        environment: facts.environment.as_raw(),
        repository,
        now: facts.now,
    };
    let coverage = exceptions::cover(&records, &[], &context);
    let approvers = kept.approvers(&records, repository, signers, facts.now);
    let matched: BTreeMap<_, _> = records.iter().zip(&coverage.records).map(|pair| (pair.0.id(), pair)).collect();
    let told: BTreeMap<_, _> = facts.exceptions.iter().map(|exception| (&exception.record.id, exception)).collect();
    for id in kept.effective() {
        let name = id.line();
        let Some(told) = told.get(id) else {
            tally.broken.push(format!("{name} took effect, and the facts do not hold it"));
            continue;
        };
        match matched.get(id) {
            Some((record, _)) if record.exception != told.record => {
                tally.broken.push(format!("the record of {name} is not the one that took effect"));
            }
            None => tally.broken.push(format!("the record of {name} was not kept")),
            Some((_, matched)) if matched.force != Force::InForce || !matched.in_scope => {
                tally.broken.push(format!("{name} took effect beyond its days or its scope"));
            }
            Some(_) => {
                let judged = approvers.get(id).cloned().unwrap_or_default();
                let refused: Vec<String> =
                    judged.refused.iter().map(|refused| refused.line().line().into_owned()).collect();
                tally.hold(&name, &told.verified_approvers, &judged.verified, &refused);
            }
        }
    }
    Ok(())
}

/// The emergency that was claimed, and the reviews of earlier ones.
fn emergencies_of(
    kept: &Kept<'_>,
    facts: &Facts,
    records: &[(&Untrusted, EmergencyRecord)],
    signers: &AllowedSigners,
    tally: &mut Tally,
) {
    let repository = facts.change.repository.as_ref().map(Untrusted::as_raw);
    for (file, record) in records {
        let told: Option<(String, &Signers)> = match record {
            EmergencyRecord::Emergency(record) => {
                let told = facts.emergency.as_ref().filter(|told| told.record == **record);
                told.map(|told| (format!("the emergency {}", record.id.line()), &told.signers))
            }
            EmergencyRecord::Closing(record) => {
                let told = facts.closings.iter().find(|told| told.record == *record);
                told.map(|told| (format!("the review of {}", record.closes.line()), &told.signers))
            }
        };
        let Some((what, told)) = told else {
            tally.broken.push(format!("the record in {} is not one that the facts hold", file.line()));
            continue;
        };
        let names = record.signatures().iter().map(|signed| &signed.signature);
        let judged = record.signers(repository, &kept.signatures(file, names), signers, facts.now);
        let refused: Vec<String> = judged.refused.iter().map(|refused| refused.line().into_owned()).collect();
        tally.hold(&what, &told.verified, &judged.verified, &refused);
    }
}
