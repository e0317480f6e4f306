//! The epoch clock, which ticks only while events run.
//!
//! Compiled code looks at a counter on every loop and call. Somebody must advance it, or a component
//! that computes forever is never looked at. A thread does. It goes to sleep only when no event has run for
//! a while, because waking a thread is a noticeable part of what a small event costs; a few ticks that nobody
//! needs are none.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

use mattermost_plugin_engine::EPOCH_TICK_MS;
use wasmtime::Engine;

/// Ticks without an event after which the clock stops: a second.
const IDLE_TICKS: u64 = 1_000 / EPOCH_TICK_MS;

/// Advances an engine's epoch while at least one [`Watch`] exists.
#[derive(Clone)]
pub struct Ticker(Arc<Shared>);

#[derive(Default)]
struct Shared {
    watches: AtomicUsize,
    /// The thread sleeps, or is about to.
    asleep: AtomicBool,
    thread: OnceLock<Thread>,
}

/// Keeps the clock ticking until it is dropped.
pub struct Watch(Arc<Shared>);

impl Ticker {
    /// Starts the thread. It ends with the process.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(engine: Engine) -> std::io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let own = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("epoch".to_owned())
            .stack_size(64 * 1024)
            .spawn(move || own.tick(&engine))?;
        let _ = shared.thread.set(thread.thread().clone());
        Ok(Self(shared))
    }

    /// Makes the clock tick while the answer lives.
    pub fn watch(&self) -> Watch {
        self.0.watches.fetch_add(1, Ordering::SeqCst);
        if self.0.asleep.swap(false, Ordering::SeqCst)
            && let Some(thread) = self.0.thread.get()
        {
            thread.unpark();
        }
        Watch(Arc::clone(&self.0))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.watches.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Shared {
    fn tick(&self, engine: &Engine) {
        let mut idle = 0;
        loop {
            thread::sleep(Duration::from_millis(EPOCH_TICK_MS));
            engine.increment_epoch();
            idle = if self.is_watched() { 0 } else { idle + 1 };
            if idle >= IDLE_TICKS {
                self.sleep();
                idle = 0;
            }
        }
    }

    fn is_watched(&self) -> bool {
        self.watches.load(Ordering::SeqCst) > 0
    }

    /// Sleeps until there is a watch. Either this thread sees it, or it sees that this thread sleeps: each
    /// of them writes before it reads.
    fn sleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
        while self.asleep.load(Ordering::SeqCst) {
            if self.is_watched() {
                self.asleep.store(false, Ordering::SeqCst);
            } else {
                thread::park();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared() -> (Arc<Shared>, Ticker) {
        let shared = Arc::<Shared>::default();
        let own = Arc::clone(&shared);
        let sleeper = thread::spawn(move || {
            own.sleep();
        });
        let _ = shared.thread.set(sleeper.thread().clone());
        (Arc::clone(&shared), Ticker(shared))
    }

    fn until(condition: impl Fn() -> bool) {
        while !condition() {
            thread::yield_now();
        }
    }

    #[test]
    fn a_clock_that_sleeps_is_woken_by_the_first_watch_and_not_by_the_next() {
        let (shared, ticker) = shared();
        until(|| shared.asleep.load(Ordering::SeqCst));
        let first = ticker.watch();
        assert!(!shared.asleep.load(Ordering::SeqCst));
        let second = ticker.watch();
        drop(first);
        assert!(shared.is_watched());
        drop(second);
        assert!(!shared.is_watched());
    }

    #[test]
    fn a_clock_does_not_sleep_while_an_event_runs() {
        let shared = Shared::default();
        shared.watches.store(1, Ordering::SeqCst);
        shared.sleep();
        assert!(!shared.asleep.load(Ordering::SeqCst));
    }
}
