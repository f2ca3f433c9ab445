//! The same work on many things, on all cores.
//!
//! What must stay true: the answers come in the order of the things, whichever thread found them, and none is lost. So what
//! is made of them does not depend on the number of threads.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};

/// How many threads are worth starting.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// What `work` gives for each thing. A panic in it is a panic here: it must not pass for an answer.
pub(crate) fn map<T: Sync, R: Send>(things: &[T], threads: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    each(things.iter().collect(), threads, work)
}

/// As [`map`], of things that are used up.
pub(crate) fn each<T: Send, R: Send>(things: Vec<T>, threads: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let count = things.len();
    let left = Mutex::new(things.into_iter().enumerate());
    let worker = || {
        let mut done = Vec::new();
        loop {
            let next = left.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((index, thing)) = next else { return done };
            done.push((index, work(thing)));
        }
    };
    let mut all: Vec<(usize, R)> = std::thread::scope(|scope| {
        // A system that gives no further thread leaves the work to those that there are.
        let helper = |_| std::thread::Builder::new().spawn_scoped(scope, worker).ok();
        let helpers: Vec<_> = (1..threads.min(count)).map_while(helper).collect();
        let mut all = worker();
        for helper in helpers {
            all.extend(helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    });
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, answer)| answer).collect()
}
