//! Addresses of the plugin's own routes.
//!
//! When a user clicks a button or submits a dialog, the server sends a request with that user's session to the address in the
//! button: to any plugin, or to any host that the server can reach. An address must therefore be `/plugins/ID/…`,
//! with nothing in it that the server would resolve to another address.

/// The prefix, below the plugin's root, of routes that the host itself answers.
const HOST_ROUTES: &str = "/_host";

/// Whether the server sends requests to this address to this plugin.
pub(crate) fn is_own_address(plugin_id: &str, address: &str) -> bool {
    let address = address.strip_prefix('/').unwrap_or(address);
    let rest = address
        .strip_prefix("plugins/")
        .and_then(|rest| rest.strip_prefix(plugin_id));
    // The server cleans the whole address like a path, and unescapes its path afterwards.
    rest.is_some_and(|rest| {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        path.starts_with('/')
            && !is_host_route(path)
            && path.bytes().all(is_plain)
            && query
                .bytes()
                .all(|byte| is_plain(byte) || b"=&%+:,;@!*'()$?".contains(&byte))
            && !rest.contains("..")
            && !rest.contains("//")
    })
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte)
}

/// The route that an address of this plugin leads to, without its query.
pub(crate) fn route_of<'a>(plugin_id: &str, address: &'a str) -> &'a str {
    let path = address.split('?').next().unwrap_or_default();
    let path = path.strip_prefix('/').unwrap_or(path);
    let rest = path.strip_prefix("plugins/");
    rest.and_then(|rest| rest.strip_prefix(plugin_id))
        .unwrap_or_default()
}

/// Whether the host itself answers this path below the plugin's root.
pub(crate) fn is_host_route(path: &str) -> bool {
    path.strip_prefix(HOST_ROUTES)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_routes_are_accepted() {
        for own in [
            "/plugins/own/",
            "plugins/own/api/v1/answer",
            "/plugins/own/api/v1/a-b_c~d.json?x=%2F&y=1",
            "/plugins/own/_hosted",
        ] {
            assert!(is_own_address("own", own), "{own}");
        }
    }

    #[test]
    fn addresses_that_lead_elsewhere_are_refused() {
        for other in [
            "",
            "/",
            "/plugins/own",
            "/plugins/ownother/x",
            "/plugins/other/x",
            "//plugins/own/x",
            "/Plugins/own/x",
            "/api/v4/users/me",
            "https://example.com/plugins/own/x",
            "http://169.254.169.254/",
            "HTTP://example.com/",
            "rpc://other/handle",
            "/plugins/own/../other/x",
            "/plugins/own/x?y=/../../../other/x",
            "/plugins/own/%2e%2e/other/x",
            "/plugins/own/%2E%2E%2Fother",
            "/plugins/own/..\\other",
            "/plugins/own/\\..\\other",
            "/plugins/own//other.example/",
            "/plugins/own/x#/../../other",
            "/plugins/own/x\n",
            "/plugins/own/ä",
            " /plugins/own/x",
            "/plugins/own/_host",
            "/plugins/own/_host/settings",
        ] {
            assert!(!is_own_address("own", other), "{other:?}");
        }
    }

    #[test]
    fn a_route_is_the_path_below_the_plugin() {
        assert_eq!(route_of("own", "plugins/own/a/b?x=/c"), "/a/b");
    }
}
