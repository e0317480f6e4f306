//! The limit on requests in flight.
//!
//! Per event that may run, a fixed number of requests may be in flight: enough to fill all slots for bodies, and some more that
//! wait. Requests beyond that are rejected at once. Users and anonymous callers have separate limits, so that neither can
//! block the other.

use mattermost_plugin_rpc::mattermost::HttpRequest;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::bodies::{LARGE_PER_EVENT, SMALL_PER_EVENT};
use crate::plugin::http_mapping::is_signed_in;

/// Anonymous requests in flight per event that may run: those with a slot for their body, and some without.
const ANONYMOUS_PER_EVENT: usize = SMALL_PER_EVENT + LARGE_PER_EVENT + 6;
/// Requests of users in flight per event that may run.
const SIGNED_IN_PER_EVENT: usize = 16;

/// The limit on requests in flight.
pub(crate) struct InFlightLimit {
    anonymous: Semaphore,
    users: Semaphore,
    size: usize,
}

impl InFlightLimit {
    /// A limit for this many concurrent requests.
    pub(crate) fn new(requests: usize) -> Self {
        let of = |each: usize| requests.saturating_mul(each).min(Semaphore::MAX_PERMITS);
        Self {
            anonymous: Semaphore::new(of(ANONYMOUS_PER_EVENT)),
            users: Semaphore::new(of(SIGNED_IN_PER_EVENT)),
            size: of(ANONYMOUS_PER_EVENT + SIGNED_IN_PER_EVENT),
        }
    }

    /// The number of requests that may be in flight.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Counts a request until the permit is dropped. `None` if too many are in flight.
    pub(crate) fn try_acquire(&self, request: &HttpRequest) -> Option<SemaphorePermit<'_>> {
        let kind = match is_signed_in(request) {
            true => &self.users,
            false => &self.anonymous,
        };
        kind.try_acquire().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, headers: &[(&str, &str)]) -> HttpRequest {
        let headers = headers.iter();
        HttpRequest {
            method: method.to_owned(),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()]))
                .collect(),
            ..HttpRequest::default()
        }
    }

    #[test]
    fn users_and_anonymous_callers_have_separate_limits() {
        let limit = InFlightLimit::new(1);
        let user = request("GET", &[("Mattermost-User-Id", "ann")]);
        let anonymous = request("GET", &[]);
        let mut held: Vec<_> = (0..ANONYMOUS_PER_EVENT)
            .map(|_| limit.try_acquire(&anonymous).unwrap())
            .collect();
        assert!(limit.try_acquire(&anonymous).is_none());
        held.extend((0..SIGNED_IN_PER_EVENT).map(|_| limit.try_acquire(&user).unwrap()));
        assert!(limit.try_acquire(&user).is_none());
        assert_eq!(limit.size(), held.len());
        drop(held);
        assert!(limit.try_acquire(&anonymous).is_some() && limit.try_acquire(&user).is_some());
        assert!(InFlightLimit::new(usize::MAX).try_acquire(&user).is_some());
    }
}
