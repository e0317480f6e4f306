//! Where the API is for an account.
//!
//! Zoom says with each token where the API of the account's region is. Such an address is used only
//! where the token would not leave Zoom: at Zoom's own hosts, if the configured API is Zoom's, or at the
//! very host that the administrator configured.

use crate::config::is_web_address;

/// Zoom's own domain.
const ZOOM: &str = "zoom.us";

/// The API's address without a trailing slash: `said` if it may be used, else `configured`.
pub fn api(configured: &str, said: &str) -> String {
    let said = said.trim().trim_end_matches('/');
    match (parts(configured), parts(said)) {
        (Some(ours), Some(theirs)) if is_trusted(&ours, &theirs) => {
            let path = if theirs.path.is_empty() {
                ours.path
            } else {
                theirs.path
            };
            format!("{}://{}{path}", theirs.scheme, theirs.authority)
        }
        _ => configured.to_owned(),
    }
}

struct Parts {
    scheme: String,
    authority: String,
    host: String,
    has_port: bool,
    path: String,
}

fn parts(address: &str) -> Option<Parts> {
    if !is_web_address(address) || address.contains(['?', '#']) {
        return None;
    }
    let uri: ::http::Uri = address.parse().ok()?;
    let authority = uri.authority()?;
    Some(Parts {
        scheme: uri.scheme_str()?.to_owned(),
        authority: authority.as_str().to_ascii_lowercase(),
        host: authority.host().to_ascii_lowercase(),
        has_port: authority.port().is_some(),
        path: uri.path().trim_end_matches('/').to_owned(),
    })
}

fn is_trusted(ours: &Parts, theirs: &Parts) -> bool {
    if ours.scheme == theirs.scheme && ours.authority == theirs.authority {
        return true;
    }
    theirs.scheme == "https" && !theirs.has_port && is_zooms(&ours.host) && is_zooms(&theirs.host)
}

fn is_zooms(host: &str) -> bool {
    host.strip_suffix(ZOOM)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLOBAL: &str = "https://api.zoom.us/v2";

    #[test]
    fn a_region_of_zoom_is_used() {
        assert_eq!(
            api(GLOBAL, "https://api-eu.zoom.us"),
            "https://api-eu.zoom.us/v2"
        );
        assert_eq!(
            api(GLOBAL, "https://API-EU.zoom.us/v2/"),
            "https://api-eu.zoom.us/v2"
        );
        assert_eq!(api(GLOBAL, ""), GLOBAL);
    }

    #[test]
    fn a_token_never_leaves_zoom() {
        for said in [
            "https://zoom.us.evil.example",
            "https://evilzoom.us",
            "http://api-eu.zoom.us",
            "https://api-eu.zoom.us:8443",
            "https://u@api-eu.zoom.us",
            "https://api-eu.zoom.us?x",
            "//api-eu.zoom.us",
            "nonsense",
        ] {
            assert_eq!(api(GLOBAL, said), GLOBAL, "{said}");
        }
    }

    #[test]
    fn zm007_with_a_zoom_of_ones_own_only_its_very_host_is_used() {
        let own = "http://zoom.example.com:8080/api/v2";
        assert_eq!(api(own, "https://api-eu.zoom.us"), own);
        assert_eq!(api(own, "http://other.example.com:8080"), own);
        assert_eq!(
            api(own, "http://zoom.example.com:8080/v3"),
            "http://zoom.example.com:8080/v3"
        );
        assert_eq!(api(own, "http://zoom.example.com:8080"), own);
    }
}
