//! The epoch clock, which ticks only while events run.
//!
//! Compiled code checks a counter in every loop and call. A thread advances the counter; otherwise a component that
//! computes forever would never be interrupted. Waking a thread is a noticeable part of the cost of a small event, so
//! the thread sleeps only after a second without events. The few extra ticks cost almost nothing.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

use mattermost_plugin_engine::EPOCH_TICK_MS;
use wasmtime::Engine;

/// The clock stops after this many ticks without an event: one second.
const IDLE_TICKS: u64 = 1_000 / EPOCH_TICK_MS;

/// Advances an engine's epoch while at least one [`RunningEvent`] exists.
#[derive(Clone)]
pub struct Ticker(Arc<Shared>);

#[derive(Default)]
struct Shared {
    running: AtomicUsize,
    /// The thread sleeps, or is about to.
    asleep: AtomicBool,
    thread: OnceLock<Thread>,
}

/// Keeps the clock ticking until it is dropped.
pub struct RunningEvent(Arc<Shared>);

impl Ticker {
    /// Starts the thread. It ends with the process.
    ///
    /// # Errors
    ///
    /// When the thread cannot be started.
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

    /// Makes the clock tick until the result is dropped.
    pub fn start_event(&self) -> RunningEvent {
        self.0.running.fetch_add(1, Ordering::SeqCst);
        if self.0.asleep.swap(false, Ordering::SeqCst)
            && let Some(thread) = self.0.thread.get()
        {
            thread.unpark();
        }
        RunningEvent(Arc::clone(&self.0))
    }
}

impl Drop for RunningEvent {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Shared {
    fn tick(&self, engine: &Engine) {
        let mut idle = 0;
        loop {
            thread::sleep(Duration::from_millis(EPOCH_TICK_MS));
            engine.increment_epoch();
            idle = if self.has_events() { 0 } else { idle + 1 };
            if idle >= IDLE_TICKS {
                self.sleep();
                idle = 0;
            }
        }
    }

    fn has_events(&self) -> bool {
        self.running.load(Ordering::SeqCst) > 0
    }

    /// Sleeps until an event starts. Either this thread sees the event, or the event sees that this thread sleeps: each
    /// writes before it reads.
    fn sleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
        while self.asleep.load(Ordering::SeqCst) {
            if self.has_events() {
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
    fn the_first_event_wakes_the_clock() {
        let (shared, ticker) = shared();
        until(|| shared.asleep.load(Ordering::SeqCst));
        let first = ticker.start_event();
        assert!(!shared.asleep.load(Ordering::SeqCst));
        let second = ticker.start_event();
        drop(first);
        assert!(shared.has_events());
        drop(second);
        assert!(!shared.has_events());
    }

    #[test]
    fn the_clock_does_not_sleep_while_an_event_runs() {
        let shared = Shared::default();
        shared.running.store(1, Ordering::SeqCst);
        shared.sleep();
        assert!(!shared.asleep.load(Ordering::SeqCst));
    }
}
