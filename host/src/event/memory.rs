//! What instances may take of memory and tables: each one of its own, and all that run of the whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::{Error, ResourceLimiter, Result};

/// Elements of all tables together: many times what a compiled program uses for its function pointers.
pub(crate) const TABLE_ELEMENTS: usize = 20_000;

/// Which limit a growth met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The event's own.
    Event,
    /// That of all events that run.
    Together,
}

/// The memory of all events that run, in bytes.
#[derive(Debug)]
pub struct Budget {
    limit: usize,
    used: AtomicUsize,
}

impl Budget {
    /// So many bytes for all.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            used: AtomicUsize::new(0),
        })
    }

    fn take(&self, bytes: usize) -> bool {
        let within = |used: usize| {
            let used = used.checked_add(bytes)?;
            (used <= self.limit).then_some(used)
        };
        let order = Ordering::Relaxed;
        self.used.fetch_update(order, order, within).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Room for what the host keeps for an event beside the event's own memory, or none.
    pub fn room(self: &Arc<Self>, bytes: usize) -> Option<Room> {
        self.take(bytes).then(|| Room {
            budget: Arc::clone(self),
            bytes,
        })
    }
}

/// A part of the budget, until it is dropped.
#[derive(Debug)]
pub struct Room {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

/// Refuses growth beyond the event's share, or beyond what all have together. A refused growth is an allocation
/// failure inside the component, which Rust programs answer with a trap.
pub struct MemoryLimit {
    limit: usize,
    used: usize,
    elements: usize,
    budget: Arc<Budget>,
    refused: Option<Refusal>,
}

impl MemoryLimit {
    /// A limit in bytes for all linear memories of the instance together.
    pub fn new(limit: usize, budget: Arc<Budget>) -> Self {
        Self {
            limit,
            used: 0,
            elements: 0,
            budget,
            refused: None,
        }
    }

    /// Which limit a growth met last, if one did.
    pub fn refused(&self) -> Option<Refusal> {
        self.refused
    }

    /// Something else than a growth met the limit of all events.
    pub fn refuse_together(&mut self) {
        self.refused = Some(Refusal::Together);
    }

    /// What all events have.
    pub fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }
}

impl Drop for MemoryLimit {
    fn drop(&mut self) {
        self.budget.give_back(self.used);
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        let growth = desired.saturating_sub(current);
        let used = self.used.saturating_add(growth);
        let refusal = if used > self.limit {
            Some(Refusal::Event)
        } else if !self.budget.take(growth) {
            Some(Refusal::Together)
        } else {
            None
        };
        if refusal.is_some() {
            self.refused = refusal;
        } else {
            self.used = used;
        }
        Ok(refusal.is_none())
    }

    /// Nothing is given back: this is also called for growth that was never asked for here.
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

    fn alone(limit: usize) -> MemoryLimit {
        MemoryLimit::new(limit, Budget::new(usize::MAX))
    }

    #[test]
    fn growth_beyond_the_limit_is_refused_and_remembered() {
        let mut limit = alone(100);
        assert!(limit.memory_growing(0, 60, None).unwrap());
        assert!(!limit.memory_growing(60, 101, None).unwrap());
        assert_eq!(limit.refused(), Some(Refusal::Event));
        assert!(limit.memory_growing(60, 100, None).unwrap());
        assert!(
            !limit.memory_growing(0, 1, None).unwrap(),
            "a second memory"
        );
    }

    #[test]
    fn all_events_together_have_a_limit_and_what_has_ended_counts_no_more() {
        let budget = Budget::new(100);
        let event = || MemoryLimit::new(60, Arc::clone(&budget));
        let (mut first, mut second) = (event(), event());
        assert!(first.memory_growing(0, 60, None).unwrap());
        assert!(second.memory_growing(0, 40, None).unwrap());
        assert!(!second.memory_growing(40, 41, None).unwrap());
        assert_eq!(second.refused(), Some(Refusal::Together));
        assert!(budget.room(1).is_none());
        drop(first);
        let room = budget.room(50).unwrap();
        assert!(!second.memory_growing(40, 60, None).unwrap());
        drop(room);
        assert!(second.memory_growing(40, 60, None).unwrap());
        drop(second);
        assert_eq!(budget.used.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_growth_that_fails_gives_nothing_back() {
        let mut limit = alone(100);
        assert!(limit.memory_growing(0, 100, None).unwrap());
        limit.memory_grow_failed(Error::msg("too much")).unwrap();
        assert!(!limit.memory_growing(100, 101, None).unwrap());
    }

    #[test]
    fn all_tables_together_have_a_limit() {
        let mut limit = alone(0);
        assert!(limit.table_growing(0, TABLE_ELEMENTS - 1, None).unwrap());
        assert!(limit.table_growing(0, 1, None).unwrap());
        assert!(!limit.table_growing(1, 2, None).unwrap(), "a second table");
    }
}
