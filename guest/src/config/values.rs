//! Values of settings as the server stores them.

use super::problem::{Problem, Setting};
use serde_json::Value;

/// The text of a setting. A number becomes its digits; any other type counts as blank. `problem` names the setting.
pub(super) fn read_text(value: Value, problem: Problem) -> Result<String, Problem> {
    let text = match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    if is_masked(&text) {
        return Err(Problem::Masked(problem.setting()));
    }
    Ok(text)
}

/// Whether a text is the mask that the server shows instead of a secret.
pub(super) fn is_masked(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.bytes().all(|byte| byte == b'*')
}

/// A text that must not be blank.
pub(super) fn required(value: Value, missing: Problem) -> Result<String, Problem> {
    let text = read_text(value, missing)?;
    if text.trim().is_empty() {
        return Err(missing);
    }
    Ok(text)
}

/// The text without white space around it.
pub(super) fn trimmed(text: String) -> String {
    if text.trim().len() == text.len() {
        return text;
    }
    text.trim().to_owned()
}

/// A boolean. Absent and blank values are false. Any other unreadable value is an error: treating it as false could change
/// the plugin's mode or lift a restriction without notice.
pub(super) fn read_boolean(value: &Value, setting: Setting) -> Result<bool, Problem> {
    match value {
        Value::Null => Ok(false),
        Value::Bool(on) => Ok(*on),
        Value::Number(number) => Ok(number.as_f64() != Some(0.0)),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" | "" => Ok(false),
            _ => Err(Problem::NotBoolean(setting)),
        },
        Value::Array(_) | Value::Object(_) => Err(Problem::NotBoolean(setting)),
    }
}
