//! Policies held in another process: what is asked of it, and what it answers.
//!
//! What must stay true: a worker answers each request once, with what was asked for or with the fault, and says before each step
//! what it is about to do; so whoever asked can tell which rule a worker broke down on.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::documents::{DocumentResult, Documents, Evaluation, Namespace};
use super::engine::Watch;
use super::evaluate::{Answer, Evaluate, Program, Question};
use super::inspection::{self, Inspection, InspectionOptions};
use super::mutation::{self, MutationOptions, MutationRun};
use super::testing::{self, TestOptions, TestRun};
use super::{Contents, PolicyError, PolicyFile};

/// What a worker is asked. Facts and documents travel beside it, as bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// To load the policies of a release.
    Load {
        /// The files, sorted, without tests.
        files: Vec<PolicyFile>,
        /// Packages that are not ours and are to be evaluated.
        namespaces: Vec<String>,
    },
    /// To judge facts.
    Ask(Question),
    /// To load policies for documents.
    LoadForDocuments {
        /// The files.
        files: Vec<PolicyFile>,
    },
    /// To judge a document.
    Evaluate(Evaluation),
    /// To run the tests of policies.
    Test {
        /// The files, tests among them.
        files: Vec<PolicyFile>,
        /// Which, and how.
        options: TestOptions,
    },
    /// To try whether tests notice changes.
    Mutate {
        /// The files, tests among them.
        files: Vec<PolicyFile>,
        /// Which changes.
        options: MutationOptions,
    },
    /// To say what an author has to mend.
    Inspect {
        /// The files, tests among them.
        files: Vec<PolicyFile>,
        /// What they are held against.
        options: InspectionOptions,
    },
}

/// What a worker says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// What it does next; no answer yet.
    Doing(String),
    /// The policies of a release are loaded.
    Loaded(Contents),
    /// About the facts.
    Answered(Answer),
    /// The policies for documents are loaded.
    LoadedForDocuments(Vec<Namespace>),
    /// About a document.
    Evaluated(Vec<DocumentResult>),
    /// What became of the tests.
    Tested(TestRun),
    /// What the tests noticed.
    Mutated(MutationRun),
    /// What there is to mend.
    Inspected(Inspection),
    /// The fault.
    Refused(PolicyError),
}

/// A worker's state between requests.
pub struct Worker {
    watch: Watch,
    program: Option<Program>,
    documents: Option<Documents>,
}

impl Worker {
    /// A worker that has nothing loaded, and tells this watch what it does.
    #[must_use]
    pub fn new(watch: Watch) -> Self {
        Self { watch, program: None, documents: None }
    }

    /// Answers one request; `body` holds the facts or the document.
    pub fn serve(&mut self, request: &Request, body: &[u8]) -> Reply {
        self.answer(request, body).unwrap_or_else(Reply::Refused)
    }

    fn answer(&mut self, request: &Request, body: &[u8]) -> Result<Reply, PolicyError> {
        let not_loaded = || PolicyError::file("policies", "nothing is loaded yet").hint("this is a bug; report it");
        match request {
            Request::Load { files, namespaces } => {
                let (program, contents) = super::program(files, namespaces, &self.watch)?;
                self.program = Some(program);
                Ok(Reply::Loaded(contents))
            }
            Request::Ask(question) => {
                let program = self.program.as_ref().ok_or_else(not_loaded)?;
                program.evaluate(question, body).map(Reply::Answered)
            }
            Request::LoadForDocuments { files } => {
                let documents = Documents::load(files, &Arc::clone(&self.watch))?;
                let namespaces = documents.namespaces();
                self.documents = Some(documents);
                Ok(Reply::LoadedForDocuments(namespaces))
            }
            Request::Evaluate(evaluation) => {
                let documents = self.documents.as_ref().ok_or_else(not_loaded)?;
                let text =
                    std::str::from_utf8(body).map_err(|error| PolicyError::file("the document", error.to_string()))?;
                documents.evaluate(evaluation, text).map(Reply::Evaluated)
            }
            Request::Test { files, options } => testing::test(files.clone(), options, &self.watch).map(Reply::Tested),
            Request::Mutate { files, options } => {
                mutation::mutate(files.clone(), options, &self.watch).map(Reply::Mutated)
            }
            Request::Inspect { files, options } => {
                inspection::inspect(files.clone(), options, &self.watch).map(Reply::Inspected)
            }
        }
    }
}
