//! Which server the connections belong to.
//!
//! A production database is sometimes copied to a test server. If the plugin there renewed tokens, it would spend the
//! refresh tokens of the production server, which work once. A copy has another Site URL. So every connection remembers
//! the Site URL that it was made at, and `oauth_site` keeps the Site URL of the server that may go on with connections
//! that do not, or that were made under an earlier address.
//!
//! While the Site URL differs, tokens of other servers are neither renewed nor revoked, and system admins are told. A
//! connection that is made here belongs here and works. A server that was moved to another address takes its
//! connections along when a system admin runs `/zoom connect this-server`. Nothing else does that: an administrator who
//! merely connects on a test server must not take over everybody's connections.

use crate::bindings::types::Error;
use crate::platform::clock;
use crate::store::confirmed_read::{self, Meaning};
use serde::{Deserialize, Serialize};

/// Where the record is.
pub const KEY: &str = "oauth_site";
/// The line of the log while connections of another server are left alone.
pub const PAUSED: &str = "Zoom connections are paused because the Site URL has changed. If the server has moved, run /zoom connect this-server as a system admin. If this is a copy of another server, create a separate Zoom app for it.";
/// How many earlier addresses are kept.
const MAX_FORMER: usize = 10;
/// How often to try when others change the record, and how long to wait in between.
const ATTEMPTS: u32 = 8;
const PAUSE: u64 = 50;

/// The server that the connections belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Site {
    /// Its Site URL.
    pub site: String,
    /// Site URLs that it had before.
    formerly: Vec<String>,
}

impl Site {
    /// Whether a connection that was made at `grant` may be used by the server at `here`. An empty `grant` is one of
    /// an earlier version, which did not remember.
    fn allows(&self, grant: &str, here: &str) -> bool {
        let ours = self.site == here;
        grant == here
            || ours && (grant.is_empty() || self.formerly.iter().any(|site| site == grant))
    }

    fn moved_to(&self, here: &str) -> Site {
        let mut formerly = self.formerly.clone();
        formerly.retain(|site| *site != self.site && site != here);
        if !self.site.is_empty() && self.site != here {
            formerly.push(self.site.clone());
        }
        let surplus = formerly.len().saturating_sub(MAX_FORMER);
        formerly.drain(..surplus);
        Site {
            site: here.to_owned(),
            formerly,
        }
    }
}

fn decode(bytes: Option<&[u8]>) -> Option<Site> {
    serde_json::from_slice(bytes?).ok()
}

/// Remembers the Site URL of the first server, and answers with the server that the connections belong to.
pub fn remember(site_url: &str) -> Result<Site, Error> {
    load(site_url, |site, here| site.site == here)
}

/// The Site URL of the server that a connection belongs to instead of this one; none if it may be used here.
pub fn elsewhere(grant: &str, site_url: &str) -> Result<Option<String>, Error> {
    let here = site_url;
    if grant == here {
        return Ok(None);
    }
    let allows = |site: &Site, here: &str| site.allows(grant, here);
    let site = load(here, allows)?;
    let other = || if site.site == here { grant } else { &site.site };
    Ok((!allows(&site, here)).then(|| other().to_owned()))
}

/// The record; what `is_good` rejects is confirmed. Where there is none, this server is remembered.
fn load(here: &str, is_good: impl Fn(&Site, &str) -> bool) -> Result<Site, Error> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::pause(PAUSE);
        }
        let read = confirmed_read::settle(KEY, |stored| match (decode(stored), stored) {
            (Some(site), _) if is_good(&site, here) => Meaning::Sure(Ok(site)),
            (Some(site), _) => Meaning::Confirm(Ok(site)),
            (None, stored) => Meaning::Sure(Err(stored.map(<[u8]>::to_vec))),
        })?;
        let stored = match read {
            Ok(site) => return Ok(site),
            Err(stored) => stored,
        };
        match write(&Site::default().moved_to(here), stored) {
            Err(Error::Conflict) => {}
            written => return written,
        }
    }
    Err(Error::Conflict)
}

/// From now on the connections belong to the server with this Site URL.
pub fn adopt(site_url: &str) -> Result<(), Error> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::pause(PAUSE);
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

fn write(site: &Site, stored: Option<Vec<u8>>) -> Result<Site, Error> {
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
        let production = Site::default().moved_to(OLD);
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
    fn f46_a_moved_server_takes_its_connections_along() {
        let moved = Site::default().moved_to(OLD).moved_to(NEW);
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
