//! The hosts that belong to Zoom. All other code asks this module.
//!
//! A host belongs to Zoom if it is one of [`DOMAINS`] or a subdomain, or if it is the host of a configured `https` URL
//! (`ZoomURL`, `ZoomAPIURL`) or a subdomain. Names match at label boundaries: `evilzoom.us` and `zoom.us.example.com` do
//! not belong to Zoom. For example, a recording is downloaded from `us02web.zoom.us` or from a vanity host such as
//! `acme.zoom.us`, and both redirect to `ssrweb.zoom.us`.
//!
//! Two kinds of requests contain secrets and are more strict:
//!
//! - An access token is sent to the configured API, or to the API of another region in the same domain
//!   ([`regional_api_url`]).
//! - Authorization and token requests are sent to the main host of the domain ([`accounts_url`]), because a vanity host may
//!   refuse them. Without `ZoomAPIURL`, the API of the domain of `ZoomURL` is used ([`default_api_url`]).
//!
//! The policy in `plugin.json` and the webapp (`links.ts`) repeat the list of domains; a test compares all three.

use ::http::Uri;

/// The domains of Zoom's own service.
pub const DOMAINS: [&str; 3] = ["zoom.us", "zoom.com", "zoomgov.com"];

/// The default of `ZoomURL`.
pub const ZOOM_URL: &str = "https://zoom.us";
const ZOOM_API_URL: &str = "https://api.zoom.us/v2";
const GOVERNMENT: &str = "zoomgov.com";
const GOVERNMENT_URL: &str = "https://zoomgov.com";
const GOVERNMENT_API_URL: &str = "https://api.zoomgov.com/v2";

/// Whether a URL leads to one of Zoom's hosts over `https`. `configured` are the configured URLs.
pub fn is_zoom_url(address: &str, configured: &[&str]) -> bool {
    let Some(host) = https_host(address) else {
        return false;
    };
    let bases = configured.iter().filter_map(|base| https_host(base));
    zoom_domain(&host).is_some() || bases.into_iter().any(|base| is_within(&host, &base))
}

/// The base of authorization and token requests for this `ZoomURL`, without a trailing slash.
pub fn accounts_url(zoom_url: &str) -> &str {
    match zoom_domain_of_url(zoom_url) {
        Some(GOVERNMENT) => GOVERNMENT_URL,
        // Zoom documents the endpoints of its commercial service at zoom.us only, also for accounts at zoom.com.
        Some(_) => ZOOM_URL,
        None => zoom_url,
    }
}

/// The API's URL for this `ZoomURL` if `ZoomAPIURL` is empty.
pub fn default_api_url(zoom_url: &str) -> &'static str {
    match zoom_domain_of_url(zoom_url) {
        Some(GOVERNMENT) => GOVERNMENT_API_URL,
        _ => ZOOM_API_URL,
    }
}

/// The API's URL for one account, without a trailing slash. Zoom names the API of the account's region with each token in
/// `said`. It is used if it has the origin of the configured API or is in the same domain of Zoom.
pub fn regional_api_url(configured: &str, said: &str) -> String {
    let said = said.trim().trim_end_matches('/');
    match (UrlParts::of(configured), UrlParts::of(said)) {
        (Some(ours), Some(theirs)) if ours.trusts(&theirs) => {
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

/// Whether a text is an absolute `http` or `https` URL without a username. Only such URLs are shown as links or opened.
pub fn is_web_address(text: &str) -> bool {
    UrlParts::of(text).is_some()
}

/// The domain of Zoom to which a host belongs.
fn zoom_domain(host: &str) -> Option<&'static str> {
    DOMAINS.into_iter().find(|domain| is_within(host, domain))
}

/// Whether a host is this domain or a subdomain.
fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The domain of Zoom to which a configured `https` URL with the default port belongs.
fn zoom_domain_of_url(address: &str) -> Option<&'static str> {
    let parts = UrlParts::of(address)?;
    let usual = parts.scheme == "https" && !parts.has_port;
    usual.then(|| zoom_domain(&parts.host)).flatten()
}

fn https_host(address: &str) -> Option<String> {
    let parts = UrlParts::of(address)?;
    (parts.scheme == "https").then_some(parts.host)
}

/// The parts of a web address.
struct UrlParts {
    scheme: String,
    authority: String,
    host: String,
    has_port: bool,
    path: String,
    has_query: bool,
}

impl UrlParts {
    fn of(address: &str) -> Option<UrlParts> {
        let uri: Uri = address.parse().ok()?;
        let authority = uri.authority()?;
        let scheme = uri.scheme_str()?.to_owned();
        let host = authority.host().to_ascii_lowercase();
        let sound = matches!(scheme.as_str(), "http" | "https")
            && !host.is_empty()
            && !authority.as_str().contains('@');
        sound.then(|| UrlParts {
            scheme,
            authority: authority.as_str().to_ascii_lowercase(),
            has_port: authority.port().is_some(),
            path: uri.path().trim_end_matches('/').to_owned(),
            has_query: address.contains(['?', '#']),
            host,
        })
    }

    /// Whether a token for this API may be sent to the other one.
    fn trusts(&self, other: &UrlParts) -> bool {
        if other.has_query {
            return false;
        }
        if self.scheme == other.scheme && self.authority == other.authority {
            return true;
        }
        let same = zoom_domain(&self.host).is_some()
            && zoom_domain(&self.host) == zoom_domain(&other.host);
        same && other.scheme == "https" && !other.has_port
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GLOBAL: &str = "https://api.zoom.us/v2";
    const ZOOMS: [&str; 2] = [ZOOM_URL, GLOBAL];

    #[test]
    fn f19_the_policy_and_the_webapp_have_the_same_domains() {
        let policy: serde_json::Value =
            serde_json::from_str(include_str!("../../../plugin.json")).unwrap();
        let hosts = policy["props"]["sandbox"]["http"]["hosts"]
            .as_array()
            .unwrap();
        let listed: Vec<&str> = hosts.iter().map(|host| host.as_str().unwrap()).collect();
        let mut expected: Vec<String> = DOMAINS
            .iter()
            .flat_map(|domain| [format!("https://{domain}"), format!("https://*.{domain}")])
            .collect();
        expected.extend(["setting:ZoomURL", "setting:ZoomAPIURL"].map(str::to_owned));
        assert_eq!(listed, expected);
        let webapp = include_str!("../../../webapp/src/links.ts");
        let (_, list) = webapp.split_once("const ZOOM = [").unwrap();
        let (list, _) = list.split_once(']').unwrap();
        let list: Vec<&str> = list
            .split(',')
            .map(|name| name.trim().trim_matches('\''))
            .collect();
        assert_eq!(list, DOMAINS);
    }

    #[test]
    fn zm098_d44_f19_hosts_match_at_label_boundaries_and_over_https_only() {
        for good in [
            "https://zoom.us/rec/1",
            "https://us02web.zoom.us/rec/download/x?y=z",
            "HTTPS://ZOOM.US/x",
            "https://file.api.zoom.us/",
            "https://ssrweb.zoom.us/x",
            "https://acme.zoom.com",
            "https://www.zoomgov.com/rec/1",
        ] {
            assert!(is_zoom_url(good, &ZOOMS), "{good}");
        }
        for bad in [
            "http://zoom.us/rec/1",
            "https://evilzoom.us/",
            "https://evil-zoom.com/",
            "https://zoom.us.evil.example/",
            "https://zoom.us@evil.example/",
            "https://user@zoom.us/",
            "https://127.0.0.1/",
            "ftp://zoom.us/",
            "//zoom.us/",
            "zoom.us",
            "",
            "https://",
        ] {
            assert!(!is_zoom_url(bad, &ZOOMS), "{bad}");
        }
    }

    #[test]
    fn f19_a_configured_host_and_its_subdomains_belong_to_zoom() {
        let own = [
            "https://zoom.example.com:8443/base",
            "https://api.example.org/v2",
        ];
        for good in [
            "https://zoom.example.com/rec/1",
            "https://zoom.example.com:8443/rec/1",
            "https://files.zoom.example.com/rec/1",
            "https://api.example.org",
            "https://us02web.zoom.us/rec/1",
        ] {
            assert!(is_zoom_url(good, &own), "{good}");
        }
        for bad in [
            "https://example.com",
            "https://evilzoom.example.com",
            "http://api.example.org",
        ] {
            assert!(!is_zoom_url(bad, &own), "{bad}");
        }
        let http = ["http://zoom.internal", "http://api.zoom.internal/v2"];
        assert!(!is_zoom_url("https://zoom.internal/rec", &http));
        assert!(!is_zoom_url("http://zoom.internal/rec", &http));
    }

    #[test]
    fn f19_authorization_goes_to_the_main_host_of_a_domain() {
        for (configured, main, api) in [
            ("https://zoom.us", "https://zoom.us", ZOOM_API_URL),
            ("https://acme.zoom.us", "https://zoom.us", ZOOM_API_URL),
            ("https://ACME.zoom.us/path", "https://zoom.us", ZOOM_API_URL),
            ("https://acme.zoom.com", "https://zoom.us", ZOOM_API_URL),
            (
                "https://www.zoomgov.com",
                "https://zoomgov.com",
                GOVERNMENT_API_URL,
            ),
            (
                "https://acme.zoomgov.com",
                "https://zoomgov.com",
                GOVERNMENT_API_URL,
            ),
        ] {
            assert_eq!(accounts_url(configured), main, "{configured}");
            assert_eq!(default_api_url(configured), api, "{configured}");
        }
        for own in [
            "https://zoom.example.com/base",
            "https://acme.evilzoom.us",
            "http://acme.zoom.us",
            "https://acme.zoom.us:8443",
        ] {
            assert_eq!(accounts_url(own), own);
            assert_eq!(default_api_url(own), ZOOM_API_URL);
        }
    }

    #[test]
    fn a_region_of_the_same_domain_is_used() {
        for (said, used) in [
            ("https://api-eu.zoom.us", "https://api-eu.zoom.us/v2"),
            ("https://API-EU.zoom.us/v2/", "https://api-eu.zoom.us/v2"),
            ("", GLOBAL),
        ] {
            assert_eq!(regional_api_url(GLOBAL, said), used);
        }
        let government = regional_api_url(GOVERNMENT_API_URL, "https://api-2.zoomgov.com");
        assert_eq!(government, "https://api-2.zoomgov.com/v2");
    }

    #[test]
    fn f19_a_token_never_leaves_the_domain_of_the_configured_api() {
        for said in [
            "https://zoom.us.evil.example",
            "https://evilzoom.us",
            "http://api-eu.zoom.us",
            "https://api-eu.zoom.us:8443",
            "https://u@api-eu.zoom.us",
            "https://api-eu.zoom.us?x",
            "https://api.zoomgov.com",
            "//api-eu.zoom.us",
            "nonsense",
        ] {
            assert_eq!(regional_api_url(GLOBAL, said), GLOBAL, "{said}");
        }
        assert_eq!(
            regional_api_url(GOVERNMENT_API_URL, "https://api.zoom.us"),
            GOVERNMENT_API_URL
        );
    }

    #[test]
    fn zm007_with_a_self_hosted_zoom_only_its_own_origin_is_used() {
        let own = "http://zoom.example.com:8080/api/v2";
        assert_eq!(regional_api_url(own, "https://api-eu.zoom.us"), own);
        assert_eq!(regional_api_url(own, "http://other.example.com:8080"), own);
        assert_eq!(
            regional_api_url(own, "http://zoom.example.com:8080/v3"),
            "http://zoom.example.com:8080/v3"
        );
        assert_eq!(regional_api_url(own, "http://zoom.example.com:8080"), own);
    }

    proptest! {
        #[test]
        fn f19_no_other_host_belongs_to_zoom_by_chance(host in "[a-z0-9.-]{1,30}") {
            let zooms = is_zoom_url(&format!("https://{host}/"), &ZOOMS);
            let expected = DOMAINS
                .iter()
                .any(|domain| host == *domain || host.ends_with(&format!(".{domain}")));
            prop_assert!(!zooms || expected);
        }

        #[test]
        fn f19_every_subdomain_belongs_to_zoom_and_no_longer_name_does(
            label in "[a-z0-9]{1,10}",
            which in 0..DOMAINS.len(),
        ) {
            let domain = DOMAINS[which];
            let is_one = |host: String| is_zoom_url(&format!("https://{host}/x"), &[]);
            let below = format!("{label}.{domain}");
            prop_assert!(is_one(below));
            let glued = format!("{label}{domain}");
            prop_assert!(!is_one(glued));
            let above = format!("{domain}.{label}");
            prop_assert!(!is_one(above));
        }

        #[test]
        fn no_address_makes_the_parsers_panic(address in ".*", other in ".*") {
            let _ = is_zoom_url(&address, &[&other]);
            let _ = (regional_api_url(&address, &other), accounts_url(&address), default_api_url(&address));
        }

        #[test]
        fn f19_a_token_stays_in_its_domain_whatever_zoom_says(said in "[a-z0-9:/.@?-]{0,40}") {
            let used = regional_api_url(GLOBAL, &said);
            let host = https_host(&used).unwrap_or_default();
            prop_assert!(is_within(&host, "zoom.us"), "{}", used);
        }
    }
}
