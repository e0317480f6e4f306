//! The epoch clock, which ticks only while an event runs.
//!
//! Compiled code looks at a counter on every loop and call. Somebody must advance it, or a component
//! that computes forever is never looked at. A thread does, and sleeps without waking the processor
//! while there is nothing to watch.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use mattermost_plugin_engine::EPOCH_TICK_MS;
use wasmtime::Engine;

/// Advances an engine's epoch while at least one [`Watch`] exists.
#[derive(Clone)]
pub struct Ticker(Arc<Shared>);

struct Shared {
    watched: Mutex<usize>,
    changed: Condvar,
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
        let shared = Arc::new(Shared {
            watched: Mutex::new(0),
            changed: Condvar::new(),
        });
        let own = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("epoch".to_owned())
            .stack_size(64 * 1024)
            .spawn(move || own.tick(&engine))?;
        Ok(Self(shared))
    }

    /// Makes the clock tick while the answer lives.
    pub fn watch(&self) -> Watch {
        let mut watched = self
            .0
            .watched
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *watched = watched.saturating_add(1);
        if *watched == 1 {
            self.0.changed.notify_one();
        }
        Watch(Arc::clone(&self.0))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watched = self
            .0
            .watched
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *watched = watched.saturating_sub(1);
    }
}

impl Shared {
    fn tick(&self, engine: &Engine) {
        loop {
            let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
            let idle = self.changed.wait_while(watched, |watched| *watched == 0);
            drop(idle.unwrap_or_else(PoisonError::into_inner));
            std::thread::sleep(Duration::from_millis(EPOCH_TICK_MS));
            engine.increment_epoch();
        }
    }
}
