//! How an event failed, and why.

use std::borrow::Cow;

use thiserror::Error;
use wasmtime::Trap;

use crate::event::memory::MemoryRefusal;
use crate::event::meter::LimitExceeded;

/// Why an event was not handled.
#[derive(Debug, Error)]
pub enum EventError {
    /// As many events as the policy allows are running, and none classify in time.
    #[error("too many events are running")]
    Busy,
    /// The event exceeded its time limit, computing or waiting.
    #[error("the event was stopped at its time limit")]
    Timeout(TrapInfo),
    /// The component trapped: because of a bug or a limit.
    #[error("{}", .1.reason)]
    Trap(TrapKind, TrapInfo),
}

/// Details of a trap or timeout.
#[derive(Debug, Default)]
pub struct TrapInfo {
    /// The message, with the component's backtrace; empty if the component was waiting for the host.
    pub reason: String,
    /// The output of the component before the trap, such as its panic message.
    pub output: String,
}

/// The reason for a trap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrapKind {
    /// It was refused memory.
    Memory,
    /// It exceeded its number of host calls.
    Calls,
    /// It transferred more data in host calls than it may, in one call or in all.
    Size,
    /// It overflowed its stack.
    Stack,
    /// It panicked or executed `unreachable`.
    Panic,
    /// The host failed.
    Host,
    /// Anything else.
    Other,
}

impl TrapKind {
    /// The label of a counter.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Calls => "calls",
            Self::Size => "size",
            Self::Stack => "stack",
            Self::Panic => "panic",
            Self::Host => "host",
            Self::Other => "other",
        }
    }
}

/// wasmtime's message when one call transfers too much data; the type of the error is not public.
const CALL_TOO_LARGE: &str = "too much data is being copied";

/// Classifies the error of an event.
pub(super) fn classify(
    error: &wasmtime::Error,
    refused: Option<MemoryRefusal>,
    output: &[u8],
) -> EventError {
    let mut info = TrapInfo {
        reason: demangled(&format!("{error:#}")),
        output: String::from_utf8_lossy(output).into_owned(),
    };
    let kind = match error.downcast_ref() {
        Some(LimitExceeded::Time) => return EventError::Timeout(info),
        Some(LimitExceeded::Calls) => TrapKind::Calls,
        Some(LimitExceeded::Size) => TrapKind::Size,
        None if info.reason.contains(CALL_TOO_LARGE) => TrapKind::Size,
        None if refused.is_some() => TrapKind::Memory,
        None => match error.downcast_ref() {
            Some(Trap::StackOverflow) => TrapKind::Stack,
            Some(Trap::UnreachableCodeReached) => TrapKind::Panic,
            _ => TrapKind::Other,
        },
    };
    if kind == TrapKind::Memory {
        let limit = match refused {
            Some(MemoryRefusal::AllEvents) => {
                "all events together have reached their memory limit: "
            }
            _ => "the event reached its memory limit: ",
        };
        info.reason.insert_str(0, limit);
    }
    EventError::Trap(kind, info)
}

/// Demangles the names in a backtrace, `module!symbol` each. wasmtime can do this too, but its C++ demangler is larger than
/// all its other backtrace code.
fn demangled(backtrace: &str) -> String {
    let lines = backtrace.lines().map(|line| {
        let named = line.rsplit_once('!').and_then(|(place, symbol)| {
            let name = rustc_demangle::try_demangle(symbol).ok()?;
            Some(format!("{place}!{name:#}"))
        });
        named.map_or(Cow::Borrowed(line), Cow::Owned)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_backtrace_are_demangled() {
        let raw = "error while executing at wasm backtrace:\n    \
                   0: 0x1a2b - guest.wasm!_ZN9misbehave4trap17h0123456789abcdefE\n    \
                   1: 0x2b3c - guest.wasm!_RNvCs1234_9misbehave5other\n    \
                   2: 0x3c4d - guest.wasm!plain: wasm trap";
        let expected = "error while executing at wasm backtrace:\n    \
                    0: 0x1a2b - guest.wasm!misbehave::trap\n    \
                    1: 0x2b3c - guest.wasm!misbehave::other\n    \
                    2: 0x3c4d - guest.wasm!plain: wasm trap";
        assert_eq!(demangled(raw), expected);
    }

    #[test]
    fn an_end_is_told_by_its_cause() {
        let kind = |error: wasmtime::Error, refused| match classify(&error, refused, b"") {
            EventError::Trap(kind, _) => Some(kind),
            EventError::Timeout(_) | EventError::Busy => None,
        };
        let in_code = |limit: LimitExceeded| wasmtime::Error::from(limit).context("in wasm");
        assert_eq!(kind(in_code(LimitExceeded::Time), None), None);
        assert_eq!(
            kind(in_code(LimitExceeded::Calls), None),
            Some(TrapKind::Calls)
        );
        assert_eq!(
            kind(in_code(LimitExceeded::Size), None),
            Some(TrapKind::Size)
        );
        let panic = || wasmtime::Error::from(Trap::UnreachableCodeReached);
        assert_eq!(kind(panic(), None), Some(TrapKind::Panic));
        assert_eq!(
            kind(panic(), Some(MemoryRefusal::Event)),
            Some(TrapKind::Memory)
        );
        let stack = wasmtime::Error::from(Trap::StackOverflow);
        assert_eq!(kind(stack, None), Some(TrapKind::Stack));
        let other = wasmtime::Error::msg("something else");
        assert_eq!(kind(other, None), Some(TrapKind::Other));
    }
}
