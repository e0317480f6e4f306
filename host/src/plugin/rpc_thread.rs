//! Chooses the thread of an event.
//!
//! An event starts on the RPC thread: most events mainly wait for API replies that arrive there, and waking another thread for
//! each of them would cost more than anything else. That thread also serves every stream and ping, so events may use at
//! most half of its time. Beyond that, new events start on the thread pool. An event that computes for long without
//! yielding always moves there.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use mattermost_plugin_engine::EPOCH_TICK_MS;
use tokio::runtime::Handle;
use tokio::task::JoinError;

/// How long an event may compute without yielding before it moves to the pool. Less than a tick of the epoch clock, so that
/// a full tick exceeds it.
const LONG: Duration = Duration::from_millis(EPOCH_TICK_MS / 2);

/// The period over which the time of events is counted, in microseconds.
const WINDOW: u64 = 100_000;

/// The time that events may use of each window, in microseconds.
const BUDGET: u64 = WINDOW / 2;

/// The time that events have used on the RPC thread.
pub(crate) struct RpcThread {
    started: Instant,
    /// The number of the current window, and in the lower 32 bits the microseconds that events used of it.
    used: AtomicU64,
}

impl Default for RpcThread {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            used: AtomicU64::new(0),
        }
    }
}

impl RpcThread {
    /// Runs an event on the caller's thread if events have time left there and this one does not compute for long; otherwise
    /// on `pool`.
    ///
    /// # Errors
    ///
    /// When the event panics on the pool.
    pub(crate) async fn run<T: Send + 'static>(
        self: Arc<Self>,
        event: impl Future<Output = T> + Send + 'static,
        pool: Handle,
    ) -> Result<T, JoinError> {
        if self.is_spent(Instant::now()) {
            return pool.spawn(event).await;
        }
        let mut event = Box::pin(event);
        // An event that computes yields at every tick of the epoch clock.
        let outcome = poll_fn(|context| {
            let began = Instant::now();
            let polled = event.as_mut().poll(context);
            let ended = Instant::now();
            let took = ended.duration_since(began);
            self.charge(ended, took);
            match polled {
                Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                Poll::Pending if took >= LONG => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        match outcome.await {
            Some(outcome) => Ok(outcome),
            None => pool.spawn(event).await,
        }
    }

    /// Whether events have used up their part of the window that contains `now`.
    fn is_spent(&self, now: Instant) -> bool {
        let used = self.used.load(Ordering::Relaxed);
        used >> 32 == self.window(now) && used & 0xffff_ffff >= BUDGET
    }

    /// Counts time that an event used, in the window in which it ended.
    fn charge(&self, now: Instant, took: Duration) {
        let window = self.window(now);
        let used = self.used.load(Ordering::Relaxed);
        let before = match used >> 32 == window {
            true => used & 0xffff_ffff,
            false => 0,
        };
        let took = u64::try_from(took.as_micros()).unwrap_or(WINDOW);
        let sum = before.saturating_add(took).min(WINDOW);
        // Only the RPC thread writes, so no update is lost.
        self.used.store((window << 32) | sum, Ordering::Relaxed);
    }

    fn window(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.started);
        (u64::try_from(since.as_micros()).unwrap_or(0) / WINDOW) & 0xffff_ffff
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use tokio::runtime::Builder;
    use tokio::task::yield_now;

    /// Runs an event that starts with this future. Returns whether it ended on the thread where it started.
    fn stays(rpc: &Arc<RpcThread>, begin: impl Future<Output = ()> + Send + 'static) -> bool {
        let pool = Builder::new_multi_thread().worker_threads(1).build();
        let pool = pool.unwrap();
        let own = Builder::new_current_thread().build().unwrap();
        let event = async {
            begin.await;
            thread::current().id()
        };
        let ended = own.block_on(Arc::clone(rpc).run(event, pool.handle().clone()));
        ended.unwrap() == thread::current().id()
    }

    fn compute() {
        let began = Instant::now();
        while began.elapsed() <= LONG {}
    }

    #[test]
    fn an_event_that_computes_for_long_moves_to_the_pool() {
        let moves = async {
            compute();
            yield_now().await;
        };
        assert!(!stays(&Arc::default(), moves));
        assert!(stays(&Arc::default(), async {}));
        assert!(stays(&Arc::default(), async { compute() }));
    }

    #[test]
    fn a_panic_of_a_moved_event_is_an_error() {
        let pool = Builder::new_multi_thread().worker_threads(1).build();
        let pool = pool.unwrap();
        let own = Builder::new_current_thread().build().unwrap();
        let event = async {
            compute();
            yield_now().await;
            panic!("an event of a test");
        };
        let rpc = Arc::<RpcThread>::default();
        let ended: Result<(), _> = own.block_on(rpc.run(event, pool.handle().clone()));
        assert!(ended.unwrap_err().is_panic());
    }

    #[test]
    fn events_use_half_of_each_window_and_then_start_on_the_pool() {
        let rpc = RpcThread::default();
        let at = |micros| rpc.started + Duration::from_micros(micros);
        rpc.charge(at(40_000), Duration::from_micros(BUDGET - 1));
        assert!(!rpc.is_spent(at(50_000)));
        rpc.charge(at(60_000), Duration::from_micros(1));
        assert!(rpc.is_spent(at(60_000)) && rpc.is_spent(at(WINDOW - 1)));
        assert!(
            !rpc.is_spent(at(WINDOW)),
            "the next window has its own half"
        );
        rpc.charge(at(WINDOW), Duration::from_secs(10));
        assert!(rpc.is_spent(at(WINDOW)) && !rpc.is_spent(at(2 * WINDOW)));
    }

    #[test]
    fn an_event_starts_on_the_pool_when_the_time_is_used_up() {
        let rpc = Arc::new(RpcThread {
            // A window that does not end during the test: the number is the first of all for many years.
            started: Instant::now() + Duration::from_secs(86_400),
            used: AtomicU64::new(BUDGET),
        });
        assert!(!stays(&rpc, async {}));
        rpc.used.store(BUDGET - 1, Ordering::Relaxed);
        assert!(stays(&rpc, async {}));
    }
}
