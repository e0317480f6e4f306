//! The props of a post.

use std::collections::BTreeMap;

use mattermost_plugin_rpc::mattermost::Any;

/// The props of a post, as the API represents them.
pub(super) type Props = BTreeMap<String, Any>;
