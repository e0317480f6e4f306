//! How much memory the data of a call takes on the host's heap.
//!
//! A component names a list by a pointer and a length, and may name the same text many times, so a call can be far larger
//! for the host than it is in the component's memory. wasmtime charges each element of a list and each byte of a text
//! before it copies them, against the size of one call. The same number, computed here, is charged against the event and
//! against what all events have together before the host does anything else with the data.

use crate::bindings::plugin::exports::mattermost::plugin::http_handler;
use crate::bindings::plugin::mattermost::plugin as imports;
use crate::sandbox::JobOutcome;

/// The heap memory of a value, in bytes: its elements and its texts, not the value itself.
pub(crate) trait Weight {
    /// In bytes.
    fn weight(&self) -> usize;
}

impl Weight for () {
    fn weight(&self) -> usize {
        0
    }
}

impl Weight for String {
    fn weight(&self) -> usize {
        self.capacity()
    }
}

impl Weight for Vec<u8> {
    fn weight(&self) -> usize {
        self.capacity()
    }
}

/// A list of elements that have parts of their own.
macro_rules! lists {
    ($($element:ty),* $(,)?) => { $(
        impl Weight for Vec<$element> {
            fn weight(&self) -> usize {
                let elements = self.capacity().saturating_mul(size_of::<$element>());
                self.iter().fold(elements, |sum, one| sum.saturating_add(one.weight()))
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
    imports::posts::Post,
);

impl<T: Weight> Weight for Option<T> {
    fn weight(&self) -> usize {
        self.as_ref().map_or(0, Weight::weight)
    }
}

impl<T: Weight, E: Weight> Weight for Result<T, E> {
    fn weight(&self) -> usize {
        match self {
            Ok(value) => value.weight(),
            Err(error) => error.weight(),
        }
    }
}

impl<T: Weight> Weight for &T {
    fn weight(&self) -> usize {
        (*self).weight()
    }
}

macro_rules! tuples {
    ($(($($part:ident),+)),* $(,)?) => { $(
        impl<$($part: Weight),+> Weight for ($($part,)+) {
            fn weight(&self) -> usize {
                #[allow(non_snake_case, reason = "the parts are named as their types")]
                let ($($part,)+) = self;
                [$($part.weight()),+].into_iter().fold(0, usize::saturating_add)
            }
        }
    )* };
}

tuples!((A, B), (A, B, C));

/// Records: all their parts that are on the heap, and after the semicolon those that are not.
macro_rules! records {
    ($($record:path { $($part:ident),* $(; $($flat:ident),*)? })*) => { $(
        impl Weight for $record {
            fn weight(&self) -> usize {
                let Self { $($part,)* $($($flat: _,)*)? } = self;
                [$($part.weight()),*].into_iter().fold(0, usize::saturating_add)
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
    imports::posts::Draft { channel_id, root_id, message, kind, props, file_ids }
    imports::posts::Change { message, props }
    imports::posts::Post { id, user_id, channel_id, root_id, message, kind, props; create_at, update_at, deleted, ours }
    http_handler::Response { headers, body; status }
}

impl Weight for imports::kv::Expected {
    fn weight(&self) -> usize {
        match self {
            Self::Value(value) => value.weight(),
            Self::Any | Self::Absent => 0,
        }
    }
}

impl Weight for imports::websocket::Audience {
    fn weight(&self) -> usize {
        match self {
            Self::User(id) | Self::Channel(id) => id.weight(),
            Self::Connection(ids) => ids.weight(),
        }
    }
}

impl Weight for imports::types::Error {
    fn weight(&self) -> usize {
        match self {
            Self::Denied(text) | Self::Invalid(text) | Self::Unavailable(text) => text.weight(),
            Self::NotFound | Self::Conflict | Self::TooLarge | Self::Timeout => 0,
        }
    }
}

impl Weight for JobOutcome {
    fn weight(&self) -> usize {
        match self {
            Self::Done | Self::RetryAfter(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_elements_of_a_list_take_memory_too() {
        let fields = vec![(String::new(), String::new()); 1_000];
        assert_eq!(fields.weight(), 1_000 * 2 * size_of::<String>());
        let named = vec!["four".to_owned(); 1_000];
        assert_eq!(named.weight(), 1_000 * (size_of::<String>() + 4));
    }

    #[test]
    fn a_record_weighs_as_much_as_all_its_parts() {
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
        assert_eq!(element.weight(), 4 + choices);
        let size = size_of::<imports::dialogs::Element>();
        assert_eq!(vec![element].weight(), size + 4 + choices);
    }
}
