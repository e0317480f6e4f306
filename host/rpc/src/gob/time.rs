//! Go's `time.Time`, which implements `GobEncoder` (`Time.MarshalBinary`): a version byte, the seconds since the
//! year 1, the nanoseconds, and the zone's offset from UTC in minutes; -1 means UTC.

use super::decode::{Decode, Reader};
use super::encode::{Encode, Writer};
use super::error::{DecodeError, EncodeError};
use super::schema::Schema;

/// `time.Time` in milliseconds since 1970. `None` is Go's zero time, which means "never".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Time(pub Option<i64>);

/// Seconds between the year 1 and 1970.
const UNIX_EPOCH: i64 = 62_135_596_800;

impl Time {
    fn to_bytes(self) -> [u8; 15] {
        let (seconds, nanoseconds) = match self.0 {
            Some(time) => (
                time.div_euclid(1000).saturating_add(UNIX_EPOCH),
                u32::try_from(time.rem_euclid(1000)).unwrap_or(0) * 1_000_000,
            ),
            None => (0, 0),
        };
        let mut bytes = [0xff; 15];
        let (version, rest) = bytes.split_at_mut(1);
        let (first, rest) = rest.split_at_mut(8);
        let (second, _) = rest.split_at_mut(4);
        version.copy_from_slice(&[1]);
        first.copy_from_slice(&seconds.to_be_bytes());
        second.copy_from_slice(&nanoseconds.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        // Version 2 appends a byte for zone offsets that are not whole minutes.
        matches!(version, 1 | 2).then_some(())?;
        let (seconds, rest) = rest.split_first_chunk()?;
        let (nanoseconds, _) = rest.split_first_chunk()?;
        let seconds = i64::from_be_bytes(*seconds);
        let nanoseconds = u32::from_be_bytes(*nanoseconds);
        if seconds == 0 && nanoseconds == 0 {
            return Some(Self(None));
        }
        let milliseconds = seconds.checked_sub(UNIX_EPOCH)?.checked_mul(1000)?;
        let fraction = i64::from(nanoseconds / 1_000_000);
        Some(Self(Some(milliseconds.checked_add(fraction)?)))
    }
}

impl Encode for Time {
    fn schema() -> Schema {
        Schema::GobEncoder
    }

    fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.bytes(&self.to_bytes());
        Ok(())
    }
}

impl Decode for Time {
    fn decode(reader: &mut Reader<'_>, id: i64) -> Result<Self, DecodeError> {
        reader.expect(id, Schema::GobEncoder)?;
        let bytes = reader.cursor.bytes()?;
        Self::from_bytes(bytes).ok_or(DecodeError::Malformed("a time is malformed"))
    }
}

#[cfg(test)]
mod tests {
    use super::Time;

    #[test]
    fn a_time_is_encoded_as_go_encodes_it() {
        // time.UnixMilli(1766000000123).UTC().GobEncode()
        let bytes = Time(Some(1_766_000_000_123)).to_bytes();
        let go = [
            1, 0, 0, 0, 14, 224, 212, 252, 128, 7, 84, 212, 192, 255, 255,
        ];
        assert_eq!(bytes, go);
        assert_eq!(Time::from_bytes(&go), Some(Time(Some(1_766_000_000_123))));
    }

    #[test]
    fn the_zero_time_decodes_to_none() {
        assert_eq!(Time::from_bytes(&Time(None).to_bytes()), Some(Time(None)));
    }

    #[test]
    fn malformed_times_do_not_decode() {
        for bytes in [&[][..], &[3; 15], &[1, 0, 0], &[1; 12]] {
            assert_eq!(Time::from_bytes(bytes), None, "{bytes:?}");
        }
        let far = [
            1, 127, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 255, 255,
        ];
        assert_eq!(Time::from_bytes(&far), None);
    }
}
