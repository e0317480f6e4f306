//! The content of a reply with a recording. Other plugins recognize the reply by its post type and find the file through
//! the prop `captions`.

use crate::config::Config;
use crate::platform::channels::channel_locale;
use crate::platform::log;
use crate::platform::once::STEP;
use crate::recordings::payload::{FileKind, Link};
use crate::text::{self, Locale, Message};
use serde_json::{Value, json};

/// The post type of a reply with a chat.
const CHAT: &str = "custom_zoom_chat";
/// The post type of a reply with a transcript.
const TRANSCRIPT: &str = "custom_zoom_transcript";
/// The longest passcode that is shown.
const MAX_PASSCODE: usize = 64;

/// The reason why a file is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The file could not be downloaded from Zoom.
    NotFetched,
    /// The file could not be uploaded to Mattermost.
    NotStored,
}

/// The parts of a reply.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The links to play videos.
    pub links: &'a [&'a Link],
    /// The kind of the file, if there is one.
    pub kind: Option<FileKind>,
    /// The ID of the uploaded file.
    pub file_id: Option<&'a str>,
    /// The reason why the file is missing, if no attempt is left.
    pub missing: Option<Missing>,
    /// The passcode of the recording, or empty.
    pub passcode: &'a str,
}

/// A reply without its file.
#[derive(Debug, PartialEq)]
pub struct Reply {
    /// The message, in Markdown.
    pub message: String,
    /// The post type.
    pub kind: &'static str,
    /// The props.
    pub props: Value,
}

/// Builds the reply. Returns none if it would be empty, because no link leads to Zoom. `step` is the value of its prop
/// [`STEP`].
pub fn build(config: &Config, parts: &Parts<'_>, step: &str) -> Option<Reply> {
    let locale = channel_locale();
    let trusted = |link: &&&Link| is_trusted_link(config, &link.url);
    let links: Vec<_> = parts.links.iter().filter(trusted).copied().collect();
    render(locale, &links, parts, step)
}

fn render(locale: Locale, links: &[&Link], parts: &Parts<'_>, step: &str) -> Option<Reply> {
    let mut paragraphs = Vec::new();
    if !links.is_empty() {
        paragraphs.push(text::plain(locale, Message::RecordingIntro));
        paragraphs.push(link_list(locale, links, parts.passcode));
    }
    let sentence = match (parts.kind, parts.file_id, parts.missing) {
        (Some(FileKind::Transcript), Some(_), _) => Some(Message::TranscriptIntro),
        (Some(FileKind::Chat), Some(_), _) if links.is_empty() => Some(Message::ChatIntro),
        (Some(FileKind::Transcript), _, Some(Missing::NotFetched)) => {
            Some(Message::TranscriptMissing)
        }
        (Some(FileKind::Chat), _, Some(Missing::NotFetched)) => Some(Message::ChatMissing),
        (Some(FileKind::Transcript), _, Some(Missing::NotStored)) => {
            Some(Message::TranscriptNotStored)
        }
        (Some(FileKind::Chat), _, Some(Missing::NotStored)) => Some(Message::ChatNotStored),
        _ => None,
    };
    paragraphs.extend(sentence.map(|message| text::plain(locale, message)));
    if paragraphs.is_empty() {
        return None;
    }
    let mut props = json!({STEP: step});
    if let (Some(file_id), Some(props)) = (parts.file_id, props.as_object_mut()) {
        props.insert("captions".to_owned(), json!([{"file_id": file_id}]));
    }
    Some(Reply {
        message: paragraphs.join("\n\n"),
        kind: match (parts.kind, parts.file_id) {
            (Some(FileKind::Chat), Some(_)) => CHAT,
            (Some(FileKind::Transcript), Some(_)) => TRANSCRIPT,
            _ => "",
        },
        props,
    })
}

fn is_trusted_link(config: &Config, link: &str) -> bool {
    let trusted = config.is_zooms(link);
    if !trusted {
        // Do not log the URL, because it may contain a token.
        log::warn(
            "The link to a recording is left out because it does not lead to Zoom. For a self-hosted Zoom, check the setting Zoom URL.",
            &[],
        );
    }
    trusted
}

/// The list of links, named by their views.
fn link_list(locale: Locale, links: &[&Link], passcode: &str) -> String {
    let mut names: Vec<String> = links
        .iter()
        .map(|link| view_name(locale, &link.view))
        .collect();
    let all = names.clone();
    for (at, name) in names.iter_mut().enumerate() {
        let same = all.iter().filter(|one| *one == name).count();
        if same > 1 {
            let number = all.iter().take(at + 1).filter(|one| *one == name).count();
            name.push_str(&format!(" {number}"));
        }
    }
    let mut lines: Vec<String> = names
        .iter()
        .zip(links)
        .map(|(name, link)| {
            // Escape parentheses, which would end a Markdown link.
            let url = link.url.replace('(', "%28").replace(')', "%29");
            let values = [("name", name.as_str()), ("url", &url)];
            text::text(locale, Message::RecordingLink, &values)
        })
        .collect();
    if !passcode.is_empty() {
        let passcode = inline_code(passcode);
        let values = [("passcode", passcode.as_str())];
        lines.push(text::text(locale, Message::RecordingPasscode, &values));
    }
    lines.join("\n")
}

/// The name of a view in the reader's language, for Zoom's name.
fn view_name(locale: Locale, view: &str) -> String {
    let message = match view {
        "shared_screen_with_speaker_view" | "shared_screen_with_speaker_view(CC)" => {
            Message::ViewSharedScreenSpeaker
        }
        "shared_screen_with_gallery_view" => Message::ViewSharedScreenGallery,
        "shared_screen" => Message::ViewSharedScreen,
        "active_speaker" | "speaker_view" => Message::ViewSpeaker,
        "gallery_view" => Message::ViewGallery,
        "audio_only" => Message::ViewAudio,
        _ => Message::ViewRecording,
    };
    text::plain(locale, message)
}

/// A passcode as inline code, unchanged. The fence is longer than any run of backticks in the passcode.
fn inline_code(passcode: &str) -> String {
    let passcode: String = passcode
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_PASSCODE)
        .collect();
    let longest = passcode
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let touches = passcode.starts_with('`') || passcode.ends_with('`');
    let space = if touches { " " } else { "" };
    format!("{fence}{space}{passcode}{space}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(view: &str) -> Link {
        Link {
            url: "https://zoom.us/rec(1)".into(),
            view: view.into(),
            mark: "m".into(),
        }
    }

    fn parts<'a>(kind: Option<FileKind>, missing: Option<Missing>) -> Parts<'a> {
        Parts {
            links: &[],
            kind,
            file_id: None,
            missing,
            passcode: "",
        }
    }

    #[test]
    fn f23_a_passcode_is_shown_exactly() {
        assert_eq!(inline_code("abc"), "`abc`");
        assert_eq!(inline_code("a`b"), "``a`b``");
        assert_eq!(inline_code("`a``"), "``` `a`` ```");
        assert_eq!(inline_code("a\nb"), "`ab`");
    }

    #[test]
    fn f23_links_are_named_by_their_views_and_numbered_if_views_repeat() {
        let links = [
            link("gallery_view"),
            link("active_speaker"),
            link("gallery_view"),
        ];
        let links: Vec<_> = links.iter().collect();
        let text = link_list(Locale::En, &links, "");
        let names: Vec<_> = text
            .lines()
            .map(|line| line.split(['[', ']']).nth(1).unwrap())
            .collect();
        assert_eq!(names, ["Gallery view 1", "Speaker view", "Gallery view 2"]);
        assert!(text.contains("https://zoom.us/rec%281%29"), "{text}");
    }

    #[test]
    fn f19_an_empty_reply_is_not_posted() {
        assert_eq!(render(Locale::En, &[], &parts(None, None), "s"), None);
        let chat = parts(Some(FileKind::Chat), None);
        assert_eq!(render(Locale::En, &[], &chat, "s"), None);
    }

    #[test]
    fn f21_each_reason_for_a_missing_file_has_its_own_sentence() {
        let mut sentences = Vec::new();
        for kind in [FileKind::Chat, FileKind::Transcript] {
            for missing in [Missing::NotFetched, Missing::NotStored] {
                let reply = render(Locale::En, &[], &parts(Some(kind), Some(missing)), "s");
                sentences.push(reply.unwrap().message);
            }
        }
        sentences.sort();
        sentences.dedup();
        assert_eq!(sentences.len(), 4);
    }
}
