//! Situations from real installations, on a real server: the rows of the field catalog that have failed on a real
//! server. The remaining rows are tested with the component alone, in `tests/component/tests/field`.

pub mod channels;
pub mod links;
pub mod rooms;
pub mod zoom;
