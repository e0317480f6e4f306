//! What a reply says. Other plugins know it by its kind and find the file through `captions`.

use super::{File, Work};
use crate::config::Config;
use crate::jobs::STEP;
use crate::system;
use crate::text::{self, Locale, Message};
use serde_json::{Value, json};

/// The kind of a reply with a chat.
const CHAT: &str = "custom_zoom_chat";
/// The kind of a reply with a transcript.
const TRANSCRIPT: &str = "custom_zoom_transcript";
/// The longest passcode that is shown.
const MAX_PASSCODE: usize = 64;

/// A reply without its file.
#[derive(Debug, PartialEq)]
pub struct Reply {
    /// In Markdown.
    pub message: String,
    /// The post's kind.
    pub kind: &'static str,
    /// Its properties.
    pub props: Value,
}

/// The reply of a job, with the uploaded file if it could be had.
pub fn of(config: &Config, work: &Work, file_id: Option<&str>) -> Reply {
    let mut parts: Vec<String> = Vec::new();
    let links: Vec<String> = work
        .links
        .iter()
        .filter(|link| is_shown(config, link))
        .map(|link| recording(config, work, link))
        .collect();
    if !links.is_empty() {
        parts.push(text::plain(Locale::En, Message::RecordingIntro));
        parts.extend(links);
    }
    match (&work.file, file_id) {
        (Some(File::Transcript(_)), Some(_)) => {
            parts.push(text::plain(Locale::En, Message::TranscriptIntro));
        }
        (Some(File::Transcript(_)), None) => {
            parts.push(text::plain(Locale::En, Message::TranscriptMissing));
        }
        (Some(File::Chat(_)), Some(_)) if parts.is_empty() => {
            parts.push(text::plain(Locale::En, Message::ChatIntro));
        }
        (Some(File::Chat(_)), None) => {
            parts.push(text::plain(Locale::En, Message::ChatMissing));
        }
        _ => {}
    }
    let mut props = json!({STEP: work.step});
    if let (Some(file_id), Some(props)) = (file_id, props.as_object_mut()) {
        props.insert("captions".to_owned(), json!([{"file_id": file_id}]));
    }
    Reply {
        message: parts.join("\n\n"),
        kind: match (&work.file, file_id) {
            (Some(File::Chat(_)), Some(_)) => CHAT,
            (Some(File::Transcript(_)), Some(_)) => TRANSCRIPT,
            _ => "",
        },
        props,
    }
}

fn is_shown(config: &Config, link: &str) -> bool {
    let trusted = config.is_zooms(link);
    if !trusted {
        // The address may hold a token, so it is not written down.
        system::warn(
            "The link to a recording is left out: it does not lead to Zoom. For a self-hosted Zoom compare the setting ZoomURL.",
            &[],
        );
    }
    trusted
}

fn recording(config: &Config, work: &Work, link: &str) -> String {
    // What would end a link in Markdown.
    let link = link.replace('(', "%28").replace(')', "%29");
    let mut sentence = text::text(Locale::En, Message::RecordingLink, &[("url", &link)]);
    let passcode = shown(&work.passcode);
    if config.post_recording_password && !passcode.is_empty() {
        let passcode = text::text(
            Locale::En,
            Message::RecordingPasscode,
            &[("passcode", &passcode)],
        );
        sentence = format!("{sentence}\n{passcode}");
    }
    sentence
}

/// A passcode as inline code that it cannot break out of.
fn shown(passcode: &str) -> String {
    let plain = passcode.chars().filter(|c| !c.is_control() && *c != '`');
    plain.take(MAX_PASSCODE).collect()
}
