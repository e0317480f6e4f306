//! Records of the setup in the server's audit log.

use crate::bindings::audit::{self, Outcome};

/// Writes a record. `step` is the name of a button or of a command's word.
pub fn note(step: &str, outcome: Outcome) {
    let details = [("step".to_owned(), step.to_owned())];
    audit::write("zoom_setup", outcome, &details);
}
