//! The limit on requests per user: one user gets a quarter of what all have together, and cannot block the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// One user gets this fraction of the permits of all.
const FRACTION: usize = 4;

/// How long a request waits for a permit of its user.
const PERMIT_TIMEOUT: Duration = Duration::from_secs(2);

/// The permits of each user.
pub(crate) struct PerUserLimit {
    each: usize,
    permits: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl PerUserLimit {
    /// A fraction of `all` permits for each user.
    pub(crate) fn new(all: usize) -> Self {
        Self {
            each: all.div_ceil(FRACTION),
            permits: Mutex::default(),
        }
    }

    /// Waits for a permit of this user for a short time. `None` if all of them stay in use.
    pub(crate) async fn acquire(&self, user: &str) -> Option<UserPermit<'_>> {
        let own = {
            let mut permits = self.permits();
            let new = || Arc::new(Semaphore::new(self.each));
            Arc::clone(permits.entry(user.to_owned()).or_insert_with(new))
        };
        let mut permit_of_user = UserPermit {
            limit: self,
            user: user.to_owned(),
            permit: None,
        };
        let permit = tokio::time::timeout(PERMIT_TIMEOUT, own.acquire_owned()).await;
        permit_of_user.permit = Some(permit.ok()?.ok()?);
        Some(permit_of_user)
    }

    fn permits(&self) -> MutexGuard<'_, HashMap<String, Arc<Semaphore>>> {
        self.permits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A permit of a user. Dropping it releases the permit.
pub(crate) struct UserPermit<'a> {
    limit: &'a PerUserLimit,
    user: String,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for UserPermit<'_> {
    fn drop(&mut self) {
        self.permit = None;
        let mut permits = self.limit.permits();
        // No other permit is in use or awaited.
        if permits
            .get(&self.user)
            .is_some_and(|own| Arc::strong_count(own) == 1)
        {
            permits.remove(&self.user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_user_has_permits_waits_for_them_and_is_forgotten_afterwards() {
        let limit = PerUserLimit::new(8);
        let mut held = vec![limit.acquire("ann").await.unwrap()];
        held.push(limit.acquire("ann").await.unwrap());
        assert!(limit.acquire("ann").await.is_none(), "after waiting");
        assert!(limit.acquire("bob").await.is_some());
        assert_eq!(limit.permits().len(), 1);
        let (waited, ()) = tokio::join!(limit.acquire("ann"), async {
            tokio::time::sleep(PERMIT_TIMEOUT / 2).await;
            held.pop();
        });
        assert!(waited.is_some());
        held.clear();
        drop(waited);
        assert!(limit.permits().is_empty());
    }
}
