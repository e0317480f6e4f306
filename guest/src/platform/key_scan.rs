//! Visits all of the plugin's keys, page by page. Only jobs do this, because a server may have many thousands of keys.

use crate::bindings::kv;
use crate::bindings::types::Error;

/// The number of keys in one page.
const PER_PAGE: u32 = 200;
/// The approximate number of keys that one run visits. A visit makes a few host calls, and a run may make 1,000.
const VISITS: usize = 100;

/// Visits the keys with this prefix, starting at a page. Returns the page where the next run continues, or none at the end.
///
/// The store numbers pages by position. If a key is deleted meanwhile, later keys move to an earlier page and may be
/// skipped. A caller that must see all keys makes a second pass.
pub fn visit_keys(
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

/// The number of keys in one page of [`collect_keys`], and the number of pages that one run reads.
const COLLECTED_PER_PAGE: u32 = 1000;
const COLLECTED_PAGES: u32 = 20;

/// The rest of the keys with this prefix, from a page on. Also returns the page where the next run continues, or none at the
/// end. Like [`visit_keys`], it may skip keys, and it is for callers that need only the keys.
pub fn collect_keys(prefix: &str, from: u32) -> Result<(Vec<String>, Option<u32>), Error> {
    let mut found = Vec::new();
    let end = from.saturating_add(COLLECTED_PAGES);
    for page in from..end {
        let Some(keys) = kv::list(page, COLLECTED_PER_PAGE)? else {
            return Ok((found, None));
        };
        let rests = keys.iter().filter_map(|key| key.strip_prefix(prefix));
        found.extend(rests.map(str::to_owned));
    }
    Ok((found, Some(end)))
}
