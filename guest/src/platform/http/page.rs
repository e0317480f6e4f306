//! Pages for browser windows: the ways from and to Zoom.
//!
//! A page is one HTML document without other files. Its content security policy allows the stylesheet and the script of
//! this file by their hashes, images in the page itself, and nothing else.

use crate::bindings::handlers::http_handler::Response;
use crate::platform::http::response::{with_header, with_security_headers};
use crate::text::{self, Locale, Message};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The stylesheet of all pages.
const STYLE: &str = include_str!("page.css");
/// The plugin's icon, the picture of the bot.
const ICON: &str = include_str!("../../../../assets/profile.svg");
/// Closes the browser window that was opened for Zoom. A browser may refuse to close it, so the page also has a sentence.
const CLOSE: &str = "window.close();";
/// Mattermost, from a page in the folder `/plugins/zoom/oauth2/`. It works with a Site URL that has a path.
const MATTERMOST: &str = "../../../";

/// Where a link opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// In the same tab.
    Same,
    /// In a new tab, which cannot reach this one.
    NewTab,
}

/// A link below the text of a page.
#[derive(Clone, Debug)]
pub struct Link<'a> {
    /// The text.
    pub text: String,
    /// The URL; empty for the page itself, with its query.
    pub address: &'a str,
    /// The tab in which it opens.
    pub target: Target,
}

/// A page.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// The status of the response.
    pub status: u16,
    /// The language.
    pub locale: Locale,
    /// The heading.
    pub heading: Message,
    /// The sentences. Code spans of Markdown and empty lines are formatted; everything else is plain text.
    pub text: &'a str,
}

impl Page<'_> {
    /// The page with a link back to Mattermost.
    pub fn response(&self) -> Response {
        self.build(&[self.link_back()], "")
    }

    /// The page with other links.
    pub fn with_links(&self, links: &[Link<'_>]) -> Response {
        self.build(links, "")
    }

    /// The page closes its own window.
    pub fn closing(&self) -> Response {
        self.build(&[self.link_back()], CLOSE)
    }

    fn link_back(&self) -> Link<'static> {
        Link {
            text: text::plain(self.locale, Message::PageBack),
            address: MATTERMOST,
            target: Target::Same,
        }
    }

    fn build(&self, links: &[Link<'_>], script: &str) -> Response {
        let say = |message| escape_html(&text::plain(self.locale, message));
        let (heading, product) = (say(self.heading), say(Message::PageTitle));
        let title = if self.heading == Message::PageTitle {
            product
        } else {
            format!("{heading} – {product}")
        };
        let language = self.locale.tag();
        let icon = STANDARD.encode(ICON);
        let text: String = self.text.split("\n\n").map(paragraph).collect();
        let links: String = links.iter().map(anchor).collect();
        let (element, script) = if script.is_empty() {
            (String::new(), "'none'".to_owned())
        } else {
            (format!("<script>{script}</script>"), source(script))
        };
        let body = format!(
            "<!doctype html>\n<html lang=\"{language}\">\n<head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
             <link rel=\"icon\" href=\"data:image/svg+xml;base64,{icon}\"><style>{STYLE}</style></head>\n\
             <body><main><div aria-hidden=\"true\">{ICON}</div><h1>{heading}</h1>{text}<nav>{links}</nav></main>\
             {element}</body>\n</html>\n"
        );
        let policy = format!(
            "default-src 'none'; script-src {script}; style-src {}; img-src data:; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'",
            source(STYLE)
        );
        let page =
            with_security_headers(self.status, "text/html; charset=utf-8", body.into_bytes());
        let page = with_header(page, "Content-Security-Policy", &policy);
        with_header(page, "Referrer-Policy", "no-referrer")
    }
}

/// The source of an inline element in a content security policy.
fn source(content: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(content)))
}

fn anchor(link: &Link<'_>) -> String {
    let (address, text) = (escape_html(link.address), escape_html(&link.text));
    let target = match link.target {
        Target::Same => "",
        Target::NewTab => " target=\"_blank\" rel=\"noopener noreferrer\"",
    };
    format!("<a href=\"{address}\"{target}>{text}</a>")
}

/// A paragraph. Text between backticks is code.
fn paragraph(text: &str) -> String {
    let escaped = escape_html(text);
    let mut formatted = String::with_capacity(escaped.len());
    let mut rest = escaped.as_str();
    while let Some((before, (code, after))) = rest
        .split_once('`')
        .and_then(|(before, after)| Some((before, after.split_once('`')?)))
    {
        formatted.push_str(before);
        formatted.push_str(&format!("<code>{code}</code>"));
        rest = after;
    }
    format!("<p>{formatted}{rest}</p>")
}

fn escape_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::http::response::header;

    fn page(text: &str) -> Page<'_> {
        Page {
            status: 200,
            locale: Locale::De,
            heading: Message::PageConnected,
            text,
        }
    }

    fn body(response: &Response) -> String {
        String::from_utf8(response.body.clone()).unwrap()
    }

    /// The content of an element without attributes.
    fn element<'a>(body: &'a str, name: &str) -> &'a str {
        let (_, rest) = body.split_once(&format!("<{name}>")).unwrap();
        rest.split_once(&format!("</{name}>")).unwrap().0
    }

    fn policy(response: &Response) -> &str {
        header(response, "Content-Security-Policy").unwrap()
    }

    #[test]
    fn f31_the_policy_allows_the_stylesheet_and_the_script_of_the_page_by_their_hashes() {
        let closing = page("x").closing();
        let hash = |name| STANDARD.encode(Sha256::digest(element(&body(&closing), name)));
        for allowed in [
            format!("style-src 'sha256-{}';", hash("style")),
            format!("script-src 'sha256-{}';", hash("script")),
        ] {
            assert!(policy(&closing).contains(&allowed), "{}", policy(&closing));
        }
        assert!(policy(&closing).starts_with("default-src 'none'; "));
        assert!(!policy(&closing).contains("unsafe"));
        // A page without a script allows none.
        assert!(policy(&page("x").response()).contains("script-src 'none'"));
    }

    #[test]
    fn f31_a_page_contains_everything_that_it_shows() {
        let body = body(&page("x").response());
        // `style` and `on…` attributes would need another policy.
        assert!(!body.contains(" style=") && !body.contains(" on"), "{body}");
        for resource in ["url(", "@import", "src=", "<script"] {
            assert!(!body.contains(resource), "{body}");
        }
        assert!(body.contains("<svg "), "{body}");
    }

    #[test]
    fn f31_a_page_has_a_language_a_heading_and_a_way_back() {
        let body = body(&page("x").response());
        assert!(body.contains("<html lang=\"de\">"), "{body}");
        assert_eq!(element(&body, "h1"), "Verbunden");
        assert_eq!(element(&body, "title"), "Verbunden – Zoom für Mattermost");
        assert!(
            body.contains("<a href=\"../../../\">Zurück zu Mattermost</a>"),
            "{body}"
        );
    }

    #[test]
    fn texts_are_escaped_and_formatted() {
        let body = body(&page("<b>&'\"\n\nRun `/zoom <x>`, `").response());
        assert!(
            body.contains(
                "<p>&lt;b&gt;&amp;&#39;&quot;</p><p>Run <code>/zoom &lt;x&gt;</code>, `</p>"
            ),
            "{body}"
        );
    }

    #[test]
    fn links_are_escaped_and_replace_the_way_back() {
        let links = [Link {
            text: "<a>".into(),
            address: "https://a.b/\"onclick=",
            target: Target::NewTab,
        }];
        let body = body(&page("x").with_links(&links));
        assert!(
            body.contains("href=\"https://a.b/&quot;onclick=\" target=\"_blank\""),
            "{body}"
        );
        assert!(body.contains(">&lt;a&gt;</a>"), "{body}");
        assert!(!body.contains(MATTERMOST), "{body}");
    }
}
