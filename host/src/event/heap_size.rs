//! The size on the host's heap of data that the component passes to the host or gets from it.
//!
//! A component describes a list by a pointer and a length and may reference the same string many times, so the host's copy can
//! be far larger than the component's own memory. wasmtime charges each list element and each string byte before it
//! copies them, against the limit for one call. The host computes the same number here and charges it against the event
//! and against the memory budget of all events before it does anything else with the data.

use crate::bindings::jobs::exports::mattermost::plugin::job_handler::Outcome as JobOutcome;
use crate::bindings::plugin::exports::mattermost::plugin::http_handler;
use crate::bindings::plugin::mattermost::plugin as imports;

/// The heap memory that a value owns, in bytes, without the value itself.
pub(crate) trait HeapSize {
    /// The size in bytes.
    fn heap_size(&self) -> usize;
}

impl HeapSize for () {
    fn heap_size(&self) -> usize {
        0
    }
}

impl HeapSize for String {
    fn heap_size(&self) -> usize {
        self.capacity()
    }
}

impl HeapSize for Vec<u8> {
    fn heap_size(&self) -> usize {
        self.capacity()
    }
}

/// Lists whose elements own heap memory.
macro_rules! lists {
    ($($element:ty),* $(,)?) => { $(
        impl HeapSize for Vec<$element> {
            fn heap_size(&self) -> usize {
                let elements = self.capacity().saturating_mul(size_of::<$element>());
                self.iter().fold(elements, |sum, one| sum.saturating_add(one.heap_size()))
            }
        }
    )* };
}

lists!(
    String,
    (String, String),
    imports::commands::Node,
    imports::dialogs::Choice,
    imports::dialogs::Element,
    imports::observations::Observation,
    imports::posts::Post,
);

impl<T: HeapSize> HeapSize for Option<T> {
    fn heap_size(&self) -> usize {
        self.as_ref().map_or(0, HeapSize::heap_size)
    }
}

impl<T: HeapSize, E: HeapSize> HeapSize for Result<T, E> {
    fn heap_size(&self) -> usize {
        match self {
            Ok(value) => value.heap_size(),
            Err(error) => error.heap_size(),
        }
    }
}

impl<T: HeapSize> HeapSize for &T {
    fn heap_size(&self) -> usize {
        (*self).heap_size()
    }
}

macro_rules! tuples {
    ($(($($part:ident),+)),* $(,)?) => { $(
        impl<$($part: HeapSize),+> HeapSize for ($($part,)+) {
            fn heap_size(&self) -> usize {
                #[allow(non_snake_case, reason = "the parts are named as their types")]
                let ($($part,)+) = self;
                [$($part.heap_size()),+].into_iter().fold(0, usize::saturating_add)
            }
        }
    )* };
}

tuples!((A, B), (A, B, C));

/// Records. Fields after the semicolon own no heap memory.
macro_rules! records {
    ($($record:path { $($part:ident),* $(; $($flat:ident),*)? })*) => { $(
        impl HeapSize for $record {
            fn heap_size(&self) -> usize {
                let Self { $($part,)* $($($flat: _,)*)? } = self;
                [$($part.heap_size()),*].into_iter().fold(0, usize::saturating_add)
            }
        }
    )* };
}

records! {
    imports::commands::Command { trigger, description, hint, display_name, icon, nodes }
    imports::commands::Node { path, hint, help; audience, takes_text }
    imports::dialogs::Dialog { callback_id, title, introduction, submit_label, state, elements }
    imports::dialogs::Element { name, label, default, help, placeholder, choices; kind, optional }
    imports::dialogs::Choice { label, value }
    imports::http::Request { method, url, headers, body; timeout, max_body }
    imports::http::Response { headers, body; status }
    imports::observations::Observation { name, value; at, count }
    imports::posts::Draft { channel_id, root_id, message, kind, props, file_ids }
    imports::posts::Change { message, props }
    imports::posts::Post { id, user_id, channel_id, root_id, message, kind, props; create_at, update_at, deleted, ours }
    http_handler::Response { headers, body; status }
}

impl HeapSize for imports::kv::Expected {
    fn heap_size(&self) -> usize {
        match self {
            Self::Value(value) => value.heap_size(),
            Self::Any | Self::Absent => 0,
        }
    }
}

impl HeapSize for imports::websocket::Audience {
    fn heap_size(&self) -> usize {
        match self {
            Self::User(id) | Self::Channel(id) => id.heap_size(),
            Self::Connection(ids) => ids.heap_size(),
        }
    }
}

impl HeapSize for imports::types::Error {
    fn heap_size(&self) -> usize {
        match self {
            Self::Denied(text) | Self::Invalid(text) | Self::Unavailable(text) => text.heap_size(),
            Self::NotFound | Self::Conflict | Self::TooLarge | Self::Timeout => 0,
        }
    }
}

impl HeapSize for JobOutcome {
    fn heap_size(&self) -> usize {
        match self {
            Self::Done | Self::RetryAfter(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_list_elements_count() {
        let fields = vec![(String::new(), String::new()); 1_000];
        assert_eq!(fields.heap_size(), 1_000 * 2 * size_of::<String>());
        let named = vec!["four".to_owned(); 1_000];
        assert_eq!(named.heap_size(), 1_000 * (size_of::<String>() + 4));
    }

    #[test]
    fn the_size_of_a_record_is_the_sum_of_its_fields() {
        let choice = || imports::dialogs::Choice {
            label: "ab".to_owned(),
            value: "c".to_owned(),
        };
        let element = imports::dialogs::Element {
            name: "name".to_owned(),
            label: String::new(),
            kind: imports::dialogs::ElementKind::Text,
            default: String::new(),
            help: String::new(),
            placeholder: String::new(),
            optional: false,
            choices: vec![choice(), choice()],
        };
        let choices = 2 * (size_of::<imports::dialogs::Choice>() + 3);
        assert_eq!(element.heap_size(), 4 + choices);
        let size = size_of::<imports::dialogs::Element>();
        assert_eq!(vec![element].heap_size(), size + 4 + choices);
    }
}
