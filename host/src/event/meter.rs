//! Metering of one event: how many host calls it may still make, how many bytes those calls may still carry, and the memory
//! that the host reserves for them.
//!
//! The host keeps the arguments of a call until Mattermost has answered, and the reply until the component has copied it.
//! Large arguments and replies therefore also count against the memory budget of all events. Every host function
//! calls [`Meter::begin_call`] first, so memory outside the budget is at most the one call that a thread is copying.

use std::sync::Arc;

use thiserror::Error;
use wasmtime::bail;

use super::heap_size::HeapSize;
use super::memory::{MemoryBudget, MemoryLimiter, MemoryRefusal, Reservation};
use crate::metrics::Metrics;
use crate::policy::Limits;

/// Calls from this size on, in bytes, count against the memory budget of all events.
const LARGE_CALL: usize = 16 * 1024;

/// A limit of an event that ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum LimitExceeded {
    #[error("the event was stopped at its time limit")]
    Time,
    #[error("the event made more host calls than its limit allows")]
    Calls,
    #[error("the event transferred more data in host calls than its limit allows")]
    Size,
}

/// The result of an event, and the memory reserved for it.
pub(crate) struct Outcome<T> {
    pub(crate) value: T,
    _reservation: Option<Reservation>,
}

/// The memory, calls, and other resources that an event has left.
pub(crate) struct Meter {
    memory: MemoryLimiter,
    calls_left: u32,
    bytes_left: usize,
    /// For the reply of the last call, which the component has copied when it makes the next call or ends.
    reply: Option<Reservation>,
    metrics: Arc<Metrics>,
}

impl Meter {
    /// A meter with the limits of one kind of event.
    pub(crate) fn new(limits: &Limits, budget: Arc<MemoryBudget>, metrics: Arc<Metrics>) -> Self {
        Self {
            memory: MemoryLimiter::new(limits.memory(), budget),
            calls_left: limits.host_calls,
            bytes_left: limits.call_bytes(),
            reply: None,
            metrics,
        }
    }

    /// Counts a host call and charges its arguments. Hold the reservation until Mattermost has answered.
    ///
    /// # Errors
    ///
    /// A trap, when the event has used up its calls or bytes, or the memory budget is exhausted.
    pub(crate) fn begin_call(
        &mut self,
        arguments: &impl HeapSize,
    ) -> wasmtime::Result<Option<Reservation>> {
        match self.calls_left.checked_sub(1) {
            Some(left) => self.calls_left = left,
            None => bail!(LimitExceeded::Calls),
        }
        self.reply = None;
        let size = arguments.heap_size();
        self.charge_arguments(size)?;
        if size < LARGE_CALL {
            return Ok(None);
        }
        // The arguments, and the message to Mattermost that contains them.
        let reservation = self.reserve(size.saturating_mul(2));
        if reservation.is_none() {
            self.memory.note_budget_exhausted();
            bail!("no memory for the arguments of a host call");
        }
        Ok(reservation)
    }

    /// Charges bytes of a call's arguments.
    ///
    /// # Errors
    ///
    /// A trap, when the event has used up its bytes.
    pub(crate) fn charge_arguments(&mut self, size: usize) -> wasmtime::Result<()> {
        self.metrics.call_bytes(size);
        self.charge(size)
    }

    /// Charges the reply of a call and reserves memory for it until the next call.
    ///
    /// # Errors
    ///
    /// A trap, when the event has used up its bytes, or the memory budget is exhausted.
    pub(crate) fn charge_reply(&mut self, reply: &impl HeapSize) -> wasmtime::Result<()> {
        let size = reply.heap_size();
        self.charge(size)?;
        if size < LARGE_CALL {
            return Ok(());
        }
        self.reply = self.reserve(size);
        if self.reply.is_none() {
            self.memory.note_budget_exhausted();
            bail!("no memory for the reply of a host call");
        }
        Ok(())
    }

    /// Holds a reservation for a reply until the next call.
    pub(crate) fn hold_for_reply(&mut self, reservation: Reservation) {
        self.reply = Some(reservation);
    }

    /// Reserves memory for the result of the event.
    ///
    /// # Errors
    ///
    /// A trap, when the memory budget is exhausted.
    pub(crate) fn outcome<T: HeapSize>(&mut self, value: T) -> wasmtime::Result<Outcome<T>> {
        let size = value.heap_size();
        let mut reservation = None;
        if size >= LARGE_CALL {
            reservation = self.reserve(size);
            if reservation.is_none() {
                self.memory.note_budget_exhausted();
                bail!("no memory for the result of the event");
            }
        }
        Ok(Outcome {
            value,
            _reservation: reservation,
        })
    }

    /// Charges bytes that a call transfers in either direction.
    ///
    /// # Errors
    ///
    /// A trap, when the event has used up its bytes.
    pub(crate) fn charge(&mut self, size: usize) -> wasmtime::Result<()> {
        match self.bytes_left.checked_sub(size) {
            Some(left) => self.bytes_left = left,
            None => bail!(LimitExceeded::Size),
        }
        Ok(())
    }

    /// Reserves memory that the host uses for the event outside its instance; `None` if the budget is exhausted.
    pub(crate) fn reserve(&self, bytes: usize) -> Option<Reservation> {
        self.memory.budget().reserve(bytes)
    }

    /// The limiter for the instance's memory and tables.
    pub(crate) fn limiter(&mut self) -> &mut MemoryLimiter {
        &mut self.memory
    }

    /// The limit that refused memory last, if any.
    pub(crate) fn memory_refusal(&self) -> Option<MemoryRefusal> {
        self.memory.refusal()
    }
}
