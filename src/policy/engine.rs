//! The engine, held on a short lead: a stack of its own, a time limit, a recorded clock, strict errors.
//!
//! What must stay true: every evaluation ends in a value or in an error. An undefined value is told from an empty one, and a
//! panic of the engine is an error like any other.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use regorus::utils::limits::{ExecutionTimerConfig, monotonic_now};
use regorus::{Engine, Value};

use super::{PolicyError, casts, globs, networks, patterns};

/// Rules may be nested as deep as a policy has rules; the engine recurses for each.
const STACK_BYTES: usize = 256 << 20;
/// The longest that all rules of one phase may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Steps at the time.
const CHECK_EVERY: NonZeroU32 = NonZeroU32::new(16).unwrap();

/// Is told what the engine is about to do, so that whoever watches can say what it was doing when it broke down.
pub type Watch = Arc<dyn Fn(&str) + Send + Sync>;

/// A watch that looks away.
pub(super) fn unwatched() -> Watch {
    Arc::new(|_| {})
}

/// Runs on a thread with a stack that bears what the limits of the loader let through.
pub(super) fn on_big_stack<T: Send>(work: impl FnOnce() -> Result<T, PolicyError> + Send) -> Result<T, PolicyError> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("policy".to_owned()).stack_size(STACK_BYTES).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| {
            PolicyError::file("policies", format!("no thread to evaluate on: {error}"))
                .hint("allow 256 MiB of address space for its stack")
        })?;
        thread.join().unwrap_or_else(|_| {
            Err(PolicyError::file("policies", "the policy engine broke down")
                .hint("this is a bug; report the policy and the output"))
        })
    })
}

/// An engine with a clock and a deadline.
pub(super) struct Machine {
    engine: Engine,
    started: Option<Duration>,
    limit: Duration,
    watch: Watch,
    prints: Vec<String>,
}

impl Machine {
    /// A machine whose `time.now_ns` is the given instant, or an error where there is none.
    pub(super) fn new(engine: &Engine, now_ns: Option<i64>) -> Result<Self, PolicyError> {
        Self::with_limit(engine, now_ns, TIME_LIMIT)
    }

    pub(super) fn with_limit(engine: &Engine, now_ns: Option<i64>, limit: Duration) -> Result<Self, PolicyError> {
        let mut engine = engine.clone();
        engine.set_strict_builtin_errors(true);
        engine.set_gather_prints(true);
        let clock = move |_: Vec<Value>| match now_ns {
            Some(now) => Ok(Value::from(now)),
            None => Err(std::io::Error::other("there is no clock here; say `with time.now_ns as …`").into()),
        };
        let added = engine.add_extension("time.now_ns".to_owned(), 0, Box::new(clock)).and_then(|()| {
            let random = |_: Vec<Value>| Err(std::io::Error::other("rand.intn answers differently each time").into());
            engine.add_extension("rand.intn".to_owned(), 2, Box::new(random))
        });
        added.map_err(|error| PolicyError::from_engine("policies", &error.to_string()))?;
        let installed = [patterns::install, networks::install, globs::install, casts::install];
        let installed = installed.into_iter().try_for_each(|install| install(&mut engine));
        installed.map_err(|error| PolicyError::from_engine("policies", &error))?;
        Ok(Self { engine, started: monotonic_now(), limit, watch: unwatched(), prints: Vec::new() })
    }

    /// Tells the watch which rule comes next.
    pub(super) fn watched(self, watch: &Watch) -> Self {
        Self { watch: Arc::clone(watch), ..self }
    }

    /// Records from here on which lines are evaluated; what was recorded before is forgotten.
    pub(super) fn record_lines(&mut self) {
        self.engine.set_enable_coverage(true);
        self.engine.clear_coverage_data();
    }

    /// The lines that were evaluated since [`Machine::record_lines`], by file.
    pub(super) fn recorded_lines(&self) -> Result<BTreeMap<String, BTreeSet<u32>>, PolicyError> {
        let report = self.engine.get_coverage_report();
        let report = report.map_err(|error| PolicyError::from_engine("coverage", &error.to_string()))?;
        Ok(report.files.into_iter().map(|file| (file.path, file.covered)).collect())
    }

    /// Records no more.
    pub(super) fn stop_recording(&mut self) {
        self.engine.set_enable_coverage(false);
    }

    /// Whether the time is over.
    pub(super) fn is_late(&self) -> bool {
        self.left().is_zero()
    }

    fn left(&self) -> Duration {
        let spent = match (monotonic_now(), self.started) {
            (Some(now), Some(started)) => now.saturating_sub(started),
            _ => Duration::ZERO,
        };
        self.limit.saturating_sub(spent)
    }

    /// What the last evaluation printed.
    pub(super) fn take_prints(&mut self) -> Vec<String> {
        std::mem::take(&mut self.prints)
    }

    /// Sets what `input` is for the evaluations that follow.
    pub(super) fn set_input(&mut self, input: Value) {
        self.engine.set_input(input);
    }

    /// The value of a rule.
    pub(super) fn value(&mut self, path: &str) -> Result<Value, PolicyError> {
        let limit = self.left();
        if limit.is_zero() {
            return Err(self.late(path));
        }
        (self.watch)(path);
        self.engine.set_execution_timer_config(ExecutionTimerConfig { limit, check_interval: CHECK_EVERY });
        let value = self.engine.eval_rule(path.to_owned());
        // What policies print is for their authors who test them, not for the log of a release.
        self.prints = self.engine.take_prints().unwrap_or_default();
        value.map_err(|error| {
            let text = error.to_string();
            if text.contains("exceeded time limit") {
                self.late(path)
            } else {
                PolicyError::from_evaluation(path, &text)
            }
        })
    }

    fn late(&self, path: &str) -> PolicyError {
        let message = format!("was still running when the {:?} for all rules were over", self.limit);
        PolicyError::file(path, message).hint("look for loops over loops; join by an object's key instead")
    }
}
