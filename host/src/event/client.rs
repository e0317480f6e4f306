//! The network address that a request came from, for the audit log.

use mattermost_plugin_rpc::mattermost::HttpRequest;

use crate::log::sanitize_to;

/// The longest address, and the longest header about addresses, in bytes.
const ADDRESS_LIMIT: usize = 256;

/// Where a request came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Client {
    /// The address of the connection to the server.
    pub(crate) address: String,
    /// The header `X-Forwarded-For`.
    pub(crate) forwarded_for: String,
}

impl Client {
    /// Of this request.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let address = request.remote_addr.as_str();
        let address = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let address = address.trim_matches(['[', ']']);
        let forwarded_for = request.header("X-Forwarded-For").unwrap_or_default();
        Self {
            address: sanitize_to(address.to_owned(), ADDRESS_LIMIT),
            forwarded_for: sanitize_to(forwarded_for.to_owned(), ADDRESS_LIMIT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_an_address_without_its_port() {
        for (remote, address) in [
            ("192.0.2.7:51234", "192.0.2.7"),
            ("[2001:db8::7]:51234", "2001:db8::7"),
            ("", ""),
        ] {
            let request = HttpRequest {
                remote_addr: remote.to_owned(),
                ..HttpRequest::default()
            };
            assert_eq!(Client::of(&request).address, address);
        }
    }
}
