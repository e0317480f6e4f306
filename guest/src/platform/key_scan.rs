//! Looking through all of the plugin's keys, in jobs: a server may have many thousands.

use crate::bindings::kv;
use crate::bindings::types::Error;

/// How many keys one page has.
const PER_PAGE: u32 = 200;
/// How many keys one run visits, about: a visit makes a few calls, and a run may make 1,000.
const VISITS: usize = 100;

/// Visits the keys with this prefix from a page on. Answers with the page with which the next run continues; none at the
/// end.
///
/// The store numbers pages by position, so a key that is deleted meanwhile makes others move to an earlier page. Whoever
/// must see all keys looks through them again.
pub fn keys(
    prefix: &str,
    mut page: u32,
    mut visit: impl FnMut(&str) -> Result<(), Error>,
) -> Result<Option<u32>, Error> {
    let mut visits = 0;
    while visits < VISITS {
        let Some(keys) = kv::list(page, PER_PAGE)? else {
            return Ok(None);
        };
        for rest in keys.iter().filter_map(|key| key.strip_prefix(prefix)) {
            visit(rest)?;
            visits += 1;
        }
        // Reading the page is a call, too.
        visits += 1;
        page = page.saturating_add(1);
    }
    Ok(Some(page))
}
