//! The Site URL of the server, and the guides in the bundle.

use crate::bindings::config;

/// The folder of the guides in the bundle, below the Site URL.
const GUIDES: &str = "/plugins/zoom/public/docs";

/// A Site URL with its scheme and host in lower case and without a slash at the end, or none if the text is blank.
pub fn normalize(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches('/');
    if text.is_empty() {
        return None;
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return Some(text.to_owned());
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    Some(format!(
        "{}://{}{path}",
        scheme.to_lowercase(),
        host.to_lowercase()
    ))
}

/// The URL of the guides in the bundle, without a slash at the end. Without a Site URL, it is a path on the server. This
/// also works while the plugin is not set up.
pub fn guides_url() -> String {
    let site = config::site_url().and_then(|site| normalize(&site));
    format!("{}{GUIDES}", site.unwrap_or_default())
}

/// The URL of a page of the guides, and of a section in it: `settings.html#channel-settings`.
pub fn guide_url(page: &str) -> String {
    format!("{}/{page}", guides_url())
}
