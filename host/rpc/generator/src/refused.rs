//! Methods that are never generated: with them a plugin could impersonate a user or gain privileges.
//!
//! A method is refused if it is on the list, or if its parameters or results contain a credential.

use crate::description::{Description, Method};

/// Methods that create or change sessions, tokens, roles, or plugins, or that read or write the whole configuration.
const METHODS: &str = include_str!("../../api/refused.txt");

/// Types that are credentials.
const TYPES: &[&str] = &[
    "model.OAuthApp",
    "model.Session",
    "model.UserAccessToken",
    "model.UserAuth",
];

/// The reason why a method is refused. `None` if it is not.
pub fn reason(description: &Description, method: &Method) -> Option<String> {
    if METHODS.lines().any(|name| name == method.name) {
        return Some(format!(
            "{} creates or changes sessions, tokens, roles, plugins, or the configuration",
            method.name
        ));
    }
    let reached = description.reached(method);
    let credential = TYPES.iter().find(|name| reached.contains(*name))?;
    Some(format!("{} contains {credential}", method.name))
}

#[cfg(test)]
mod tests;
