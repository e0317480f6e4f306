//! What one instance may take of memory and tables.

use wasmtime::{Error, ResourceLimiter, Result};

/// Elements of all tables together: many times what a compiled program uses for its function pointers.
pub(super) const TABLE_ELEMENTS: usize = 20_000;

/// Refuses growth beyond the event's share. A refused growth is an allocation failure inside the
/// component, which Rust programs answer with a trap.
pub struct MemoryLimit {
    limit: usize,
    used: usize,
    elements: usize,
    refused: bool,
}

impl MemoryLimit {
    /// A limit in bytes for all linear memories of the instance together.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            used: 0,
            elements: 0,
            refused: false,
        }
    }

    /// Whether a growth was refused.
    pub fn refused(&self) -> bool {
        self.refused
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        let used = self.used.saturating_add(desired.saturating_sub(current));
        let allowed = used <= self.limit;
        if allowed {
            self.used = used;
        } else {
            self.refused = true;
        }
        Ok(allowed)
    }

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

    #[test]
    fn growth_beyond_the_limit_is_refused_and_remembered() {
        let mut limit = MemoryLimit::new(100);
        assert!(limit.memory_growing(0, 60, None).unwrap());
        assert!(!limit.memory_growing(60, 101, None).unwrap());
        assert!(limit.refused());
        assert!(limit.memory_growing(60, 100, None).unwrap());
        assert!(
            !limit.memory_growing(0, 1, None).unwrap(),
            "a second memory"
        );
    }

    #[test]
    fn all_tables_together_have_a_limit() {
        let mut limit = MemoryLimit::new(0);
        assert!(limit.table_growing(0, TABLE_ELEMENTS - 1, None).unwrap());
        assert!(limit.table_growing(0, 1, None).unwrap());
        assert!(!limit.table_growing(1, 2, None).unwrap(), "a second table");
    }
}
