//! Renders the guides to static pages for the bundle.
//!
//! The server serves the pages at `/plugins/zoom/public/docs/help.html`, also without access to the internet. A page has no
//! script and no value of the server. Pictures are left out, because the size of the bundle is limited. A link to a document
//! that is not rendered becomes its path in the sources.

use std::fmt::Write as _;

use anyhow::Result;
use fs_err as fs;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

use crate::run::root;

/// The folder in the bundle.
const FOLDER: &str = "public/docs";
const STYLE: &str = include_str!("guides.css");

/// The guides in the order of the overview, by their readers.
const GUIDES: [(&str, &[&str]); 2] = [
    ("For users", &["user-guide"]),
    (
        "For system admins",
        &[
            "admin/install",
            "admin/zoom-app",
            "admin/settings",
            "admin/troubleshooting",
            "admin/monitoring",
            "admin/migrate",
        ],
    ),
];

/// The pages and their stylesheet: names in the bundle, and texts.
pub fn pages() -> Result<Vec<(String, String)>> {
    let mut entries = vec![("style.css".to_owned(), STYLE.to_owned())];
    let mut overview = "# Zoom for Mattermost\n".to_owned();
    for (readers, guides) in GUIDES {
        // Writing into a string does not fail.
        let _ = write!(overview, "\n## {readers}\n\n");
        for guide in guides {
            let path = root().join(format!("docs/{guide}.md"));
            let text = fs::read_to_string(&path)?;
            let _ = writeln!(overview, "- [{}]({guide}.md)", title(&text));
            entries.push((page_name(guide), page(&text, guide)));
        }
    }
    entries.push(("help.html".to_owned(), page(&overview, "help")));
    let named = entries
        .into_iter()
        .map(|(name, text)| (format!("{FOLDER}/{name}"), text));
    Ok(named.collect())
}

fn page_name(guide: &str) -> String {
    let (_, name) = guide.rsplit_once('/').unwrap_or(("", guide));
    format!("{name}.html")
}

fn title(text: &str) -> &str {
    let heading = text.lines().next().unwrap_or_default();
    heading.trim_start_matches("# ")
}

/// A page of Markdown. `guide` is its path below `docs`, without the extension.
fn page(text: &str, guide: &str) -> String {
    let pictures = |line: &&str| !line.starts_with("![");
    let markdown = text.lines().filter(pictures).collect::<Vec<_>>().join("\n");
    let events: Vec<_> = Parser::new_ext(&markdown, Options::ENABLE_TABLES).collect();
    let mut main = String::new();
    html::push_html(&mut main, adapted(events, guide).into_iter());
    let title = title(text);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"style.css\">\n</head>\n<body>\n\
         <nav><a href=\"help.html\">All guides</a></nav>\n<main>\n{main}</main>\n</body>\n</html>\n"
    )
}

/// Gives headings their anchors, and links their targets among the pages.
fn adapted<'a>(events: Vec<Event<'a>>, guide: &str) -> Vec<Event<'a>> {
    let mut adapted = Vec::new();
    // The document that the current link leads to, if it is not rendered.
    let mut source = None;
    for (at, event) in events.iter().enumerate() {
        let mut event = event.clone();
        match &mut event {
            Event::Start(Tag::Heading { id, .. }) => {
                *id = Some(anchor(events.iter().skip(at + 1)).into());
            }
            Event::Start(Tag::Link { dest_url, .. }) => match target(dest_url, guide) {
                Ok(target) => *dest_url = target.into(),
                Err(path) => {
                    source = Some(path);
                    continue;
                }
            },
            Event::End(TagEnd::Link) if source.is_some() => {
                let path = CowStr::from(source.take().unwrap_or_default());
                adapted.extend([Event::Text(" (".into()), Event::Code(path)]);
                event = Event::Text(")".into());
            }
            Event::Html(text) | Event::InlineHtml(text) => event = Event::Text(text.clone()),
            _ => {}
        }
        adapted.push(event);
    }
    adapted
}

/// The anchor of a heading, as GitHub makes it.
fn anchor<'a>(events: impl Iterator<Item = &'a Event<'a>>) -> String {
    let mut text = String::new();
    for event in events {
        match event {
            Event::End(TagEnd::Heading(_)) => break,
            Event::Text(part) | Event::Code(part) => text.push_str(part),
            _ => {}
        }
    }
    let kept = text.chars().filter_map(|character| match character {
        ' ' => Some('-'),
        '-' | '_' => Some(character),
        other => other.is_alphanumeric().then_some(other),
    });
    kept.collect::<String>().to_lowercase()
}

/// The target of a link among the pages, or the path of a document that is not rendered.
fn target(link: &str, guide: &str) -> Result<String, String> {
    if link.contains("://") || link.starts_with('#') {
        return Ok(link.to_owned());
    }
    let (file, anchor) = link
        .split_once('#')
        .map_or((link, String::new()), |(file, anchor)| {
            (file, format!("#{anchor}"))
        });
    let mut parts: Vec<_> = ["docs"].into_iter().chain(guide.split('/')).collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    let rendered = GUIDES.iter().flat_map(|(_, guides)| *guides);
    let known = rendered
        .copied()
        .find(|guide| path == format!("docs/{guide}.md"));
    known.map(|guide| page_name(guide) + &anchor).ok_or(path)
}

#[cfg(test)]
#[path = "../tests/unit/guides.rs"]
mod tests;
