//! Type ids that gob predeclares (`encoding/gob/type.go`).

pub(super) const BOOL: i64 = 1;
pub(super) const INT: i64 = 2;
pub(super) const UINT: i64 = 3;
pub(super) const FLOAT: i64 = 4;
pub(super) const BYTES: i64 = 5;
pub(super) const STRING: i64 = 6;
pub(super) const COMPLEX: i64 = 7;
pub(super) const INTERFACE: i64 = 8;
/// Go's `firstUserId`. Smaller ids are reserved for gob itself.
pub(super) const FIRST_USER_ID: i64 = 64;
