//! The API as one trait: a plugin uses `Arc<dyn Api>`, and its tests can provide a model of a server.

use super::log::LogApi;
use super::methods::GeneratedApi;

/// The methods of Mattermost's plugin API that this crate supports. IDs are strings of 26 characters; times are
/// milliseconds since 1970. There is one trait per family of methods; `api/methods.txt` is the list.
pub trait Api: GeneratedApi + LogApi {}

impl<T: GeneratedApi + LogApi> Api for T {}
