//! The server to which the Zoom connections belong.
//!
//! A production database is sometimes copied to a test server. If the plugin on the test server refreshed tokens, it would
//! use up the refresh tokens of the production server, which work once. The copy has another Site URL. Therefore each
//! connection stores the Site URL of the server where it was made. The record `oauth_site` stores the Site URL of the
//! server that owns connections without a Site URL, and connections from its own earlier URLs.
//!
//! While the Site URL differs, the tokens of other servers are neither refreshed nor revoked, and system admins are told.
//! New connections work. After a move to another URL, a system admin runs `/zoom connect this-server` to keep the
//! connections. Nothing else moves connections: a system admin who just connects on a test server must not take over
//! everyone's connections.

use crate::bindings::types::Error;
use crate::platform::{clock, log, site};
use crate::store::confirmed_read::{self, Decision};
use serde::{Deserialize, Serialize};

/// The key of the record.
pub const KEY: &str = "oauth_site";
/// The log line while connections of another server are paused.
const PAUSED_LOG_LINE: &str = "Zoom connections are paused because the Site URL has changed. If the server has moved, run /zoom connect this-server as a system admin. If this is a copy of another server, create a separate Zoom app for it.";
/// The number of earlier URLs that are kept.
const MAX_FORMER: usize = 10;
/// Attempts and pause, in milliseconds, if other nodes change the record.
const ATTEMPTS: u32 = 8;
const PAUSE: u64 = 50;

/// Logs that the connections that were made at the Site URL `former` are paused.
pub fn log_paused(former: &str) {
    let guide = site::guide_url("settings.html#move-or-copy-a-server");
    log::warn(PAUSED_LOG_LINE, &[("site", former), ("guide", &guide)]);
}

/// The server that the connections belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionSite {
    /// The Site URL.
    pub site: String,
    /// Earlier Site URLs of the server.
    formerly: Vec<String>,
}

impl ConnectionSite {
    /// Whether the server at `here` may use a connection that was made at `grant`. Connections of the Go plugin have an
    /// empty `grant`.
    fn allows(&self, grant: &str, here: &str) -> bool {
        let ours = self.site == here;
        grant == here
            || ours && (grant.is_empty() || self.formerly.iter().any(|site| site == grant))
    }

    fn moved_to(&self, here: &str) -> ConnectionSite {
        let mut formerly = self.formerly.clone();
        formerly.retain(|site| *site != self.site && site != here);
        if !self.site.is_empty() && self.site != here {
            formerly.push(self.site.clone());
        }
        let surplus = formerly.len().saturating_sub(MAX_FORMER);
        formerly.drain(..surplus);
        ConnectionSite {
            site: here.to_owned(),
            formerly,
        }
    }
}

fn decode(bytes: Option<&[u8]>) -> Option<ConnectionSite> {
    serde_json::from_slice(bytes?).ok()
}

/// Records the Site URL if there is no record. Returns the server to which the connections belong.
pub fn record_site(site_url: &str) -> Result<ConnectionSite, Error> {
    load(site_url, |site, here| site.site == here)
}

/// The Site URL of the other server to which a connection belongs, or none if this server may use the connection.
pub fn other_site(grant: &str, site_url: &str) -> Result<Option<String>, Error> {
    let here = site_url;
    if grant == here {
        return Ok(None);
    }
    let allows = |site: &ConnectionSite, here: &str| site.allows(grant, here);
    let site = load(here, allows)?;
    let other = || if site.site == here { grant } else { &site.site };
    Ok((!allows(&site, here)).then(|| other().to_owned()))
}

/// Loads the record. A record that `is_good` rejects is confirmed. Without a record, this server is recorded.
fn load(
    here: &str,
    is_good: impl Fn(&ConnectionSite, &str) -> bool,
) -> Result<ConnectionSite, Error> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::sleep_ms(PAUSE);
        }
        let read = confirmed_read::read_confirmed(KEY, |stored| match (decode(stored), stored) {
            (Some(site), _) if is_good(&site, here) => Decision::Sure(Ok(site)),
            (Some(site), _) => Decision::Confirm(Ok(site)),
            (None, stored) => Decision::Sure(Err(stored.map(<[u8]>::to_vec))),
        })?;
        let stored = match read {
            Ok(site) => return Ok(site),
            Err(stored) => stored,
        };
        match write(&ConnectionSite::default().moved_to(here), stored) {
            Err(Error::Conflict) => {}
            written => return written,
        }
    }
    Err(Error::Conflict)
}

/// Moves the connections to the server with this Site URL.
pub fn move_connections_here(site_url: &str) -> Result<(), Error> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::sleep_ms(PAUSE);
        }
        let stored = confirmed_read::read(KEY)?;
        let site = decode(stored.as_deref()).unwrap_or_default();
        match write(&site.moved_to(site_url), stored) {
            Err(Error::Conflict) => {}
            written => return written.map(drop),
        }
    }
    Err(Error::Conflict)
}

fn write(site: &ConnectionSite, stored: Option<Vec<u8>>) -> Result<ConnectionSite, Error> {
    let bytes = serde_json::to_vec(site).map_err(|error| Error::Invalid(error.to_string()))?;
    confirmed_read::replace(KEY, &bytes, None, stored)?;
    Ok(site.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "https://old.example.com";
    const NEW: &str = "https://new.example.com";

    #[test]
    fn f46_connections_of_another_server_are_not_used() {
        let production = ConnectionSite::default().moved_to(OLD);
        for grant in ["", OLD] {
            assert!(production.allows(grant, OLD));
            assert!(!production.allows(grant, NEW), "a copy at another address");
        }
        assert!(
            production.allows(NEW, NEW),
            "a connection that was made at the copy"
        );
        assert!(
            !production.allows(NEW, OLD),
            "and never the other way around"
        );
    }

    #[test]
    fn f46_a_moved_server_keeps_its_connections() {
        let moved = ConnectionSite::default().moved_to(OLD).moved_to(NEW);
        for grant in ["", OLD, NEW] {
            assert!(moved.allows(grant, NEW), "{grant}");
        }
        assert!(!moved.allows("https://third.example.com", NEW));
        let copy = "https://test.example.com";
        for grant in ["", OLD, NEW] {
            assert!(!moved.allows(grant, copy), "{grant}");
        }
        let back = moved.moved_to(OLD);
        assert_eq!(back.formerly, [NEW]);
        let wandering = (0..50).fold(back, |site, n| {
            site.moved_to(&format!("https://{n}.example"))
        });
        assert_eq!(wandering.formerly.len(), MAX_FORMER);
    }
}
