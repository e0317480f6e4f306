//! How long jobs wait between two tries.

/// Before the second try, in seconds.
const PAUSE: u32 = 30;
/// The longest wait between two tries, in seconds.
pub const LONGEST_PAUSE: u32 = 3600;

/// How long to wait after this many tries, in seconds: doubled each time, up to an hour.
pub fn pause(tries: u32) -> u32 {
    let doublings = tries.saturating_sub(1).min(10);
    PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_an_hour() {
        assert_eq!([pause(1), pause(2), pause(8)], [30, 60, LONGEST_PAUSE]);
    }
}
