//! Which of a name's addresses may be connected to.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;

use crate::policy::is_public;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How long an event waits for a name to be resolved.
const LOOK_UP_TIME: Duration = Duration::from_secs(5);

/// A name leads to no address that is public.
#[derive(Debug, Error)]
#[error("the name does not resolve to a public address")]
pub struct NotPublic;

/// The addresses that may be connected to. A name whose servers are silent takes a thread from others for longer than
/// that, but nobody's time.
pub(super) async fn usable<E: Into<BoxError>>(
    resolving: impl Future<Output = Result<impl Iterator<Item = SocketAddr>, E>>,
    only_public: bool,
) -> Result<std::vec::IntoIter<SocketAddr>, BoxError> {
    let found = tokio::time::timeout(LOOK_UP_TIME, resolving).await;
    let found = found.map_err(|_| "the name was not resolved in time")?;
    let usable: Vec<_> = found
        .map_err(Into::into)?
        .filter(|address| !only_public || is_public(address.ip()))
        .collect();
    if usable.is_empty() {
        return Err(NotPublic.into());
    }
    Ok(usable.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Error;

    async fn looked_up(addresses: &[&str], only_public: bool) -> Option<Vec<String>> {
        let addresses = addresses.iter().map(|one| one.parse().unwrap());
        let addresses: Vec<SocketAddr> = addresses.collect();
        let resolving = async { Ok::<_, Error>(addresses.into_iter()) };
        let found = usable(resolving, only_public).await.ok()?;
        Some(found.map(|address| address.to_string()).collect())
    }

    #[tokio::test]
    async fn a_name_leads_only_to_those_of_its_addresses_that_are_public() {
        for inside in [
            &["169.254.169.254:443"][..],
            &["[fe80::1]:443", "[fd00:ec2::254]:443"],
            &["[::ffff:169.254.169.254]:443", "10.0.0.1:443"],
        ] {
            assert_eq!(looked_up(inside, true).await, None, "{inside:?}");
            assert_eq!(looked_up(inside, false).await.unwrap(), inside);
        }
        let mixed = ["10.0.0.1:443", "8.8.8.8:443", "[fe80::1]:443"];
        assert_eq!(looked_up(&mixed, true).await.unwrap(), ["8.8.8.8:443"]);
    }

    #[tokio::test]
    async fn a_name_whose_servers_are_silent_is_given_up() {
        let silent = std::future::pending::<Result<std::vec::IntoIter<SocketAddr>, Error>>();
        let began = std::time::Instant::now();
        let error = usable(silent, true).await.unwrap_err();
        assert!(error.to_string().contains("in time"), "{error}");
        assert!(began.elapsed() < 2 * LOOK_UP_TIME);
    }
}
