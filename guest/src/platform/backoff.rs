//! The delays between two attempts of a job.

/// The delay before the second attempt, in seconds.
const FIRST_DELAY: u32 = 30;
/// The longest delay between two attempts, in seconds.
pub const LONGEST_DELAY: u32 = 3600;

/// The delay after this many attempts, in seconds. It doubles each time, up to an hour.
pub fn retry_delay(tries: u32) -> u32 {
    let doublings = tries.saturating_sub(1).min(10);
    FIRST_DELAY
        .saturating_mul(1 << doublings)
        .min(LONGEST_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_an_hour() {
        assert_eq!(
            [retry_delay(1), retry_delay(2), retry_delay(8)],
            [30, 60, LONGEST_DELAY]
        );
    }
}
