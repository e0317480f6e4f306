//! Limits on the memory and tables of instances: one limit per event, and one budget for all running events.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::{Error, ResourceLimiter, Result};

/// The most elements of all tables of an instance together. A compiled program needs a fraction of it for function pointers.
pub(crate) const TABLE_ELEMENTS: usize = 20_000;

/// The limit that refused memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemoryRefusal {
    /// The event's own limit.
    Event,
    /// The budget of all running events.
    AllEvents,
}

/// The memory budget of all running events, in bytes.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    limit: usize,
    used: AtomicUsize,
}

impl MemoryBudget {
    /// A budget of `limit` bytes.
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            used: AtomicUsize::new(0),
        })
    }

    fn try_add(&self, bytes: usize) -> bool {
        let within = |used: usize| {
            let used = used.checked_add(bytes)?;
            (used <= self.limit).then_some(used)
        };
        let order = Ordering::Relaxed;
        self.used.fetch_update(order, order, within).is_ok()
    }

    fn release(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Reserves memory that the host uses for an event outside its instance; `None` if the budget is exhausted.
    pub(crate) fn reserve(self: &Arc<Self>, bytes: usize) -> Option<Reservation> {
        self.try_add(bytes).then(|| Reservation {
            budget: Arc::clone(self),
            bytes,
        })
    }
}

/// A part of the budget. Dropping it returns the bytes.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Arc<MemoryBudget>,
    bytes: usize,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.release(self.bytes);
    }
}

/// Refuses growth beyond the event's limit or the budget. To the component this is a failed allocation, on which Rust
/// programs trap.
pub(crate) struct MemoryLimiter {
    limit: usize,
    used: usize,
    elements: usize,
    budget: Arc<MemoryBudget>,
    refusal: Option<MemoryRefusal>,
}

impl MemoryLimiter {
    /// A limit in bytes for all linear memories of the instance together.
    pub(crate) fn new(limit: usize, budget: Arc<MemoryBudget>) -> Self {
        Self {
            limit,
            used: 0,
            elements: 0,
            budget,
            refusal: None,
        }
    }

    /// The limit that refused memory last, if any.
    pub(crate) fn refusal(&self) -> Option<MemoryRefusal> {
        self.refusal
    }

    /// Records that the budget had no room for a reservation.
    pub(crate) fn note_budget_exhausted(&mut self) {
        self.refusal = Some(MemoryRefusal::AllEvents);
    }

    /// The budget of all events.
    pub(crate) fn budget(&self) -> &Arc<MemoryBudget> {
        &self.budget
    }
}

impl Drop for MemoryLimiter {
    fn drop(&mut self) {
        self.budget.release(self.used);
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        let growth = desired.saturating_sub(current);
        let used = self.used.saturating_add(growth);
        let refusal = if used > self.limit {
            Some(MemoryRefusal::Event)
        } else if !self.budget.try_add(growth) {
            Some(MemoryRefusal::AllEvents)
        } else {
            None
        };
        if refusal.is_some() {
            self.refusal = refusal;
        } else {
            self.used = used;
        }
        Ok(refusal.is_none())
    }

    /// Releases nothing: wasmtime also calls this for growth that [`Self::memory_growing`] never saw.
    fn memory_grow_failed(&mut self, _error: Error) -> Result<()> {
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        let elements = self
            .elements
            .saturating_add(desired.saturating_sub(current));
        let allowed = elements <= TABLE_ELEMENTS;
        if allowed {
            self.elements = elements;
        }
        Ok(allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(limit: usize) -> MemoryLimiter {
        MemoryLimiter::new(limit, MemoryBudget::new(usize::MAX))
    }

    #[test]
    fn growth_beyond_the_limit_is_refused_and_recorded() {
        let mut limit = limiter(100);
        assert!(limit.memory_growing(0, 60, None).unwrap());
        assert!(!limit.memory_growing(60, 101, None).unwrap());
        assert_eq!(limit.refusal(), Some(MemoryRefusal::Event));
        assert!(limit.memory_growing(60, 100, None).unwrap());
        assert!(
            !limit.memory_growing(0, 1, None).unwrap(),
            "a second memory"
        );
    }

    #[test]
    fn the_budget_covers_all_events_and_ended_events_return_their_memory() {
        let budget = MemoryBudget::new(100);
        let event = || MemoryLimiter::new(60, Arc::clone(&budget));
        let (mut first, mut second) = (event(), event());
        assert!(first.memory_growing(0, 60, None).unwrap());
        assert!(second.memory_growing(0, 40, None).unwrap());
        assert!(!second.memory_growing(40, 41, None).unwrap());
        assert_eq!(second.refusal(), Some(MemoryRefusal::AllEvents));
        assert!(budget.reserve(1).is_none());
        drop(first);
        let reserve = budget.reserve(50).unwrap();
        assert!(!second.memory_growing(40, 60, None).unwrap());
        drop(reserve);
        assert!(second.memory_growing(40, 60, None).unwrap());
        drop(second);
        assert_eq!(budget.used.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_failed_growth_releases_nothing() {
        let mut limit = limiter(100);
        assert!(limit.memory_growing(0, 100, None).unwrap());
        limit.memory_grow_failed(Error::msg("too much")).unwrap();
        assert!(!limit.memory_growing(100, 101, None).unwrap());
    }

    #[test]
    fn the_limit_covers_all_tables() {
        let mut limit = limiter(0);
        assert!(limit.table_growing(0, TABLE_ELEMENTS - 1, None).unwrap());
        assert!(limit.table_growing(0, 1, None).unwrap());
        assert!(!limit.table_growing(1, 2, None).unwrap(), "a second table");
    }
}
