//! Name resolution.
//!
//! Each name is resolved twice concurrently, for IPv4 and for IPv6, because a C library fails completely if the name servers
//! fail for one family: some answer SERVFAIL for AAAA, others never answer. The addresses of one family are enough.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// How long a request waits for name resolution.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the addresses of one family wait for the other family.
const OTHER_FAMILY_TIMEOUT: Duration = Duration::from_millis(300);

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// A records.
    V4,
    /// AAAA records.
    V6,
}

/// Looks up the addresses of a name in one family. It blocks.
pub type Lookup = Arc<dyn Fn(&str, Family) -> io::Result<Vec<IpAddr>> + Send + Sync>;

/// The addresses of a name, IPv4 first. If the name servers do not answer, the lookup keeps threads busy for longer than this
/// function waits.
pub(super) async fn resolve(lookup: &Lookup, name: &str) -> io::Result<Vec<IpAddr>> {
    // Dropped with this future, which cancels lookups that have not started.
    let mut lookups = JoinSet::new();
    for family in [Family::V4, Family::V6] {
        let (lookup, name) = (Arc::clone(lookup), name.to_owned());
        lookups.spawn_blocking(move || lookup(&name, family));
    }
    let mut deadline = Instant::now() + LOOKUP_TIMEOUT;
    let mut addresses = Vec::new();
    let mut error = None;
    while let Ok(Some(answer)) = timeout_at(deadline, lookups.join_next()).await {
        match answer.map_err(io::Error::other).flatten() {
            Ok(found) => {
                addresses.extend(found);
                if !addresses.is_empty() {
                    deadline = deadline.min(Instant::now() + OTHER_FAMILY_TIMEOUT);
                }
            }
            Err(why) => error = Some(why),
        }
    }
    if !addresses.is_empty() {
        addresses.sort_by_key(IpAddr::is_ipv6);
        return Ok(addresses);
    }
    if lookups.is_empty() {
        let unknown = || io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        return Err(error.unwrap_or_else(unknown));
    }
    let late = "the name was not resolved in time";
    Err(io::Error::new(io::ErrorKind::TimedOut, late))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Mutex, mpsc};

    /// A resolver with these answers; `None` is SERVFAIL.
    fn resolver(v4: Option<&'static str>, v6: Option<&'static str>) -> Lookup {
        Arc::new(move |_, family| {
            let answer = if family == Family::V4 { v4 } else { v6 };
            let failed = || io::Error::other("SERVFAIL");
            let addresses = answer.ok_or_else(failed)?.split_whitespace();
            Ok(addresses.map(|address| address.parse().unwrap()).collect())
        })
    }

    async fn resolved(
        v4: Option<&'static str>,
        v6: Option<&'static str>,
    ) -> Result<Vec<String>, String> {
        let found = resolve(&resolver(v4, v6), "api.example").await;
        let found = found.map_err(|error| error.to_string())?;
        Ok(found.iter().map(IpAddr::to_string).collect())
    }

    #[tokio::test]
    async fn f42_the_addresses_of_one_family_are_enough() {
        let both = ["8.8.8.8", "2001:4860::1"];
        assert_eq!(resolved(Some(both[0]), Some(both[1])).await.unwrap(), both);
        assert_eq!(resolved(Some(both[0]), None).await.unwrap(), [both[0]]);
        assert_eq!(resolved(None, Some(both[1])).await.unwrap(), [both[1]]);
        assert_eq!(resolved(Some(both[0]), Some("")).await.unwrap(), [both[0]]);
        assert_eq!(resolved(None, Some("")).await.unwrap_err(), "SERVFAIL");
        assert_eq!(resolved(None, None).await.unwrap_err(), "SERVFAIL");
        assert!(
            resolved(Some(""), Some(""))
                .await
                .unwrap_err()
                .contains("no address")
        );
    }

    /// A resolver that does not answer for one family, or for both, until the test drops the sender.
    fn silent(for_v4: bool) -> (Lookup, mpsc::Sender<()>) {
        let (release, waiting) = mpsc::channel::<()>();
        let waiting = Mutex::new(waiting);
        let lookup = move |_: &str, family| {
            if for_v4 || family == Family::V6 {
                let _ = waiting.lock().unwrap().recv();
            }
            Ok(vec!["8.8.8.8".parse().unwrap()])
        };
        (Arc::new(lookup), release)
    }

    #[tokio::test]
    async fn f42_silence_for_one_family_delays_the_other_only_briefly() {
        let (lookup, release) = silent(false);
        let found = resolve(&lookup, "api.example").await.unwrap();
        assert_eq!(found, ["8.8.8.8".parse::<IpAddr>().unwrap()]);
        drop(release);
    }

    #[tokio::test]
    async fn a_lookup_without_an_answer_times_out() {
        let (lookup, release) = silent(true);
        let error = resolve(&lookup, "api.example").await.unwrap_err();
        assert!(error.to_string().contains("in time"), "{error}");
        drop(release);
    }
}
