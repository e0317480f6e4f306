//! The content of a reply. Other plugins recognize it by its kind and find the file through `captions`.

use crate::config::Config;
use crate::platform::channels::channel_locale;
use crate::platform::log;
use crate::platform::once::STEP;
use crate::recordings::payload::{FileKind, Link};
use crate::text::{self, Locale, Message};
use serde_json::{Value, json};

/// The kind of a reply with a chat.
const CHAT: &str = "custom_zoom_chat";
/// The kind of a reply with a transcript.
const TRANSCRIPT: &str = "custom_zoom_transcript";
/// The longest passcode that is shown.
const MAX_PASSCODE: usize = 64;

/// Why a file is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Zoom did not hand it out.
    NotFetched,
    /// Mattermost did not store it.
    NotStored,
}

/// What a reply consists of.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Where videos are played.
    pub links: &'a [&'a Link],
    /// What the file is, if there is one.
    pub kind: Option<FileKind>,
    /// The uploaded file.
    pub file_id: Option<&'a str>,
    /// Why the file is missing, if it is given up.
    pub missing: Option<Missing>,
    /// Opens the videos, or empty.
    pub passcode: &'a str,
}

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

/// The reply; none if it would be empty, because no link leads to Zoom. `step` is the name for its property.
pub fn of(config: &Config, parts: &Parts<'_>, step: &str) -> Option<Reply> {
    let locale = channel_locale();
    let trusted = |link: &&&Link| is_shown(config, &link.url);
    let links: Vec<_> = parts.links.iter().filter(trusted).copied().collect();
    render(locale, &links, parts, step)
}

fn render(locale: Locale, links: &[&Link], parts: &Parts<'_>, step: &str) -> Option<Reply> {
    let mut paragraphs = Vec::new();
    if !links.is_empty() {
        paragraphs.push(text::plain(locale, Message::RecordingIntro));
        paragraphs.push(list(locale, links, parts.passcode));
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

fn is_shown(config: &Config, link: &str) -> bool {
    let trusted = config.is_zooms(link);
    if !trusted {
        // The address may hold a token, so it is not logged.
        log::warn(
            "The link to a recording is left out because it does not lead to Zoom. For a self-hosted Zoom, check the setting Zoom URL.",
            &[],
        );
    }
    trusted
}

/// The links, each named by its view.
fn list(locale: Locale, links: &[&Link], passcode: &str) -> String {
    let mut names: Vec<String> = links.iter().map(|link| view(locale, &link.view)).collect();
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
            // Parentheses would end a link in Markdown.
            let url = link.url.replace('(', "%28").replace(')', "%29");
            let values = [("name", name.as_str()), ("url", &url)];
            text::text(locale, Message::RecordingLink, &values)
        })
        .collect();
    if !passcode.is_empty() {
        let passcode = code(passcode);
        let values = [("passcode", passcode.as_str())];
        lines.push(text::text(locale, Message::RecordingPasscode, &values));
    }
    lines.join("\n")
}

/// The name of a view, from Zoom's name of it.
fn view(locale: Locale, view: &str) -> String {
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

/// A passcode as inline code, exactly as it is. The fence is longer than any run of backticks in it.
fn code(passcode: &str) -> String {
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
        assert_eq!(code("abc"), "`abc`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a``"), "``` `a`` ```");
        assert_eq!(code("a\nb"), "`ab`");
    }

    #[test]
    fn f23_links_are_named_by_their_views_and_numbered_where_these_are_the_same() {
        let links = [
            link("gallery_view"),
            link("active_speaker"),
            link("gallery_view"),
        ];
        let links: Vec<_> = links.iter().collect();
        let text = list(Locale::En, &links, "");
        let names: Vec<_> = text
            .lines()
            .map(|line| line.split(['[', ']']).nth(1).unwrap())
            .collect();
        assert_eq!(names, ["Gallery view 1", "Speaker view", "Gallery view 2"]);
        assert!(text.contains("https://zoom.us/rec%281%29"), "{text}");
    }

    #[test]
    fn f19_there_is_no_empty_reply() {
        assert_eq!(render(Locale::En, &[], &parts(None, None), "s"), None);
        let chat = parts(Some(FileKind::Chat), None);
        assert_eq!(render(Locale::En, &[], &chat, "s"), None);
    }

    #[test]
    fn f21_each_way_of_missing_a_file_has_a_sentence_of_its_own() {
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
