//! How an event ends that was not handled, and why.

use std::borrow::Cow;

use thiserror::Error;
use wasmtime::Trap;

use crate::event::memory::Refusal;

/// Why an event was not handled.
#[derive(Debug, Error)]
pub enum EventError {
    /// As many events as the policy allows are running, and none ended in time.
    #[error("too many events are running")]
    Busy,
    /// The event took longer than its limit, computing or waiting.
    #[error("the event was stopped at its time limit")]
    Timeout(Ending),
    /// The component trapped: a bug in it, or a limit it ran into.
    #[error("{}", .1.reason)]
    Trap(Cause, Ending),
}

/// What is known of an end.
#[derive(Debug, Default)]
pub struct Ending {
    /// What happened, with the component's own backtrace; empty where it waited for the host.
    pub reason: String,
    /// What the component printed before, such as its panic message.
    pub output: String,
}

/// What made a component trap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// It was refused memory, and did not survive it.
    Memory,
    /// It made as many calls of the host as it may.
    Calls,
    /// It handed over as much in calls of the host as it may, in one or in all of them.
    Size,
    /// It recursed without end.
    Stack,
    /// It panicked, or the like.
    Panic,
    /// The host failed.
    Host,
    /// Anything else.
    Other,
}

impl Cause {
    /// In a word, for a counter.
    pub(crate) fn name(self) -> &'static str {
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

/// A limit of an event that ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum LimitReached {
    #[error("the event was stopped at its time limit")]
    Time,
    #[error("the event made more host calls than its limit allows")]
    Calls,
    #[error("the event handed over more in host calls than its limit allows")]
    Size,
}

/// What wasmtime says when one call hands over more than it may; its error has no type that could be named.
const TOO_MUCH_AT_ONCE: &str = "too much data is being copied";

/// How an event ended in this error.
pub(super) fn ended(
    error: &wasmtime::Error,
    refused: Option<Refusal>,
    output: &[u8],
) -> EventError {
    let mut ending = Ending {
        reason: readable(&format!("{error:#}")),
        output: String::from_utf8_lossy(output).into_owned(),
    };
    let cause = match error.downcast_ref() {
        Some(LimitReached::Time) => return EventError::Timeout(ending),
        Some(LimitReached::Calls) => Cause::Calls,
        Some(LimitReached::Size) => Cause::Size,
        None if ending.reason.contains(TOO_MUCH_AT_ONCE) => Cause::Size,
        None if refused.is_some() => Cause::Memory,
        None => match error.downcast_ref() {
            Some(Trap::StackOverflow) => Cause::Stack,
            Some(Trap::UnreachableCodeReached) => Cause::Panic,
            _ => Cause::Other,
        },
    };
    if cause == Cause::Memory {
        let limit = match refused {
            Some(Refusal::Together) => "all events together have reached their memory limit: ",
            _ => "the event reached its memory limit: ",
        };
        ending.reason.insert_str(0, limit);
    }
    EventError::Trap(cause, ending)
}

/// Writes the names of a backtrace, `module!symbol` each, as their author did. wasmtime would do it too,
/// but brings along a reader of C++ names that is larger than the rest of its backtraces.
fn readable(backtrace: &str) -> String {
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
    fn a_backtrace_has_names_as_their_author_wrote_them() {
        let raw = "error while executing at wasm backtrace:\n    \
                   0: 0x1a2b - guest.wasm!_ZN9misbehave4trap17h0123456789abcdefE\n    \
                   1: 0x2b3c - guest.wasm!_RNvCs1234_9misbehave5other\n    \
                   2: 0x3c4d - guest.wasm!plain: wasm trap";
        let told = "error while executing at wasm backtrace:\n    \
                    0: 0x1a2b - guest.wasm!misbehave::trap\n    \
                    1: 0x2b3c - guest.wasm!misbehave::other\n    \
                    2: 0x3c4d - guest.wasm!plain: wasm trap";
        assert_eq!(readable(raw), told);
    }

    #[test]
    fn an_end_is_told_by_its_cause() {
        let cause = |error: wasmtime::Error, refused| match ended(&error, refused, b"") {
            EventError::Trap(cause, _) => Some(cause),
            EventError::Timeout(_) | EventError::Busy => None,
        };
        let in_code = |limit: LimitReached| wasmtime::Error::from(limit).context("in wasm");
        assert_eq!(cause(in_code(LimitReached::Time), None), None);
        assert_eq!(
            cause(in_code(LimitReached::Calls), None),
            Some(Cause::Calls)
        );
        assert_eq!(cause(in_code(LimitReached::Size), None), Some(Cause::Size));
        let panic = || wasmtime::Error::from(Trap::UnreachableCodeReached);
        assert_eq!(cause(panic(), None), Some(Cause::Panic));
        assert_eq!(cause(panic(), Some(Refusal::Event)), Some(Cause::Memory));
        let stack = wasmtime::Error::from(Trap::StackOverflow);
        assert_eq!(cause(stack, None), Some(Cause::Stack));
        let other = wasmtime::Error::msg("something else");
        assert_eq!(cause(other, None), Some(Cause::Other));
    }
}
