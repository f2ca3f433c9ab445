//! Whatever ends a run without a decision, as message, hint and exit code.
//!
//! What must stay true: an exit code is chosen here and nowhere else, no error is ever softened into a pass, and 1 is never
//! among them.

use std::fmt;

use crate::gate::GateError;
use crate::policy::PolicyError;
use crate::strict::{Fault, Faults};

/// The exit codes of runs that reach no decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 2: the command line is wrong.
    Usage,
    /// 3: an input is missing, unreadable, invalid or ambiguous, or a policy does not compile or evaluate.
    Input,
    /// 4: a bug, or evidence or output that could not be signed or written.
    Internal,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Input => 3,
            Self::Internal => 4,
        }
    }
}

/// One thing that is wrong, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, naming file and place. May hold text from outside: it is neutralised when it is printed.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}

/// Why a run ends without a decision. All faults that could be found are reported together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CliError {
    /// The exit code.
    pub exit: Exit,
    /// What is wrong, at least one.
    pub problems: Vec<Problem>,
}

impl CliError {
    /// One problem with an exit code.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, problems: vec![Problem { message: message.into(), hint: None }] }
    }

    /// A fault of the command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A fault of an input.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(Exit::Input, message)
    }

    /// A bug of ours, or something that could not be written.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Exit::Internal, message)
    }

    /// Adds the way out to the last problem.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Some(problem) = self.problems.last_mut() {
            problem.hint = Some(hint.into());
        }
        self
    }

    /// Several errors as one: all problems, the highest exit code. `None` for an empty list.
    #[must_use]
    pub fn all(errors: Vec<Self>) -> Option<Self> {
        errors.into_iter().reduce(Self::and)
    }

    /// Two errors as one: all problems, the higher exit code.
    #[must_use]
    pub fn and(mut self, next: Self) -> Self {
        self.exit = self.exit.max(next.exit);
        self.problems.extend(next.problems);
        self
    }
}

/// A policy that does not load or evaluate is its author's fault.
impl From<PolicyError> for CliError {
    fn from(error: PolicyError) -> Self {
        let hint = error.hint.clone().or_else(|| Some("correct the policy at that place".to_owned()));
        Self { exit: Exit::Input, problems: vec![Problem { message: error.to_string(), hint }] }
    }
}

impl From<GateError> for CliError {
    fn from(error: GateError) -> Self {
        match error {
            GateError::Policy(policy) => policy.into(),
            GateError::Glob(_) => Self::input(error.to_string()).hint("correct the glob in that file"),
            GateError::Unbalanced(_) | GateError::Facts(_) => {
                Self::internal(error.to_string()).hint("this is a bug in countersign; please report it")
            }
        }
    }
}

/// Every fault of a document, with the fix as the way out.
impl From<Faults> for CliError {
    fn from(faults: Faults) -> Self {
        let problem = |fault: Fault| Problem { message: fault.headline(), hint: fault.fix };
        Self { exit: Exit::Input, problems: faults.into_vec().into_iter().map(problem).collect() }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.problems.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(f, "{}", problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for CliError {}
