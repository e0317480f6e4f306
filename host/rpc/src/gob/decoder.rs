//! The receiving half of a stream: turns bytes, as they arrive, into Rust values.
//!
//! Each message begins with its length. A value that is in one message, the common case, is decoded directly. If
//! that fails, the [`Skipper`] finds the end of the value, over as many messages as necessary, so that the next
//! value is read from the right position; a value that was split into several messages is then decoded from the
//! joined pieces. A value that exceeds the limit is skipped as it arrives: only that value is lost.

use super::Limits;
use super::decode::{Decode, Reader};
use super::error::DecodeError;
use super::received_types::ReceivedTypes;
use super::skip::{Part, Skipper, Step, negated};
use super::wire::{Cursor, peek_uint};

/// The capacity that an idle buffer keeps.
const KEPT_CAPACITY: usize = 64 * 1024;

/// The longest message that Go reads, in bytes. A larger length cannot be a length.
const GO_MAX_MESSAGE: u64 = 8 << 30;

const VALUE_TOO_LONG: DecodeError = DecodeError::TooLarge("a value is too long");

/// The receiving half of a stream.
pub struct Decoder {
    limits: Limits,
    types: ReceivedTypes,
    buffer: Vec<u8>,
    start: usize,
    /// A value whose end has not arrived yet.
    pending: Option<Skipper>,
    /// The remaining bytes of a message that is too long and is skipped as it arrives.
    oversized: Option<usize>,
    /// The error after which nothing more can be read.
    fatal: Option<DecodeError>,
}

impl Decoder {
    /// A decoder for a new stream.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            types: ReceivedTypes::default(),
            buffer: Vec::new(),
            start: 0,
            pending: None,
            oversized: None,
            fatal: None,
        }
    }

    /// Appends bytes that were received.
    pub fn feed(&mut self, bytes: &[u8]) {
        // Moving the unread bytes costs no more than reading the bytes before them did.
        if self.start > self.buffer.len() / 2 {
            self.buffer.drain(..self.start.min(self.buffer.len()));
            self.start = 0;
            self.shrink();
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether all bytes were read and no value is incomplete.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.start == self.buffer.len() && self.pending.is_none() && self.oversized.is_none()
    }

    /// Decodes the next value. `None` if bytes are missing.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the value cannot be decoded. Unless the error is fatal, the whole value was skipped.
    #[expect(clippy::should_implement_trait, reason = "each value has its own type")]
    pub fn next<T: Decode>(&mut self) -> Result<Option<T>, DecodeError> {
        let mut value = None;
        let complete = self.next_value(&mut |reader, id| {
            value = Some(reader.top_level(id)?);
            Ok(())
        })?;
        Ok(complete.and(value))
    }

    /// Like [`Decoder::next`], but `read` reads the value from a [`Reader`]. `read` may be called several times
    /// for one value; only the result of the last call counts.
    ///
    /// # Errors
    ///
    /// Like [`Decoder::next`].
    pub fn next_with(
        &mut self,
        read: &mut dyn FnMut(&mut Reader<'_>, i64) -> Result<(), DecodeError>,
    ) -> Result<Option<()>, DecodeError> {
        self.next_value(&mut |reader, id| {
            reader.begin_top_level(id)?;
            read(reader, id)
        })
    }

    /// Skips the next value. `None` if bytes are missing.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the bytes are not a value.
    pub fn skip(&mut self) -> Result<Option<()>, DecodeError> {
        self.next_value(&mut |reader, id| {
            reader.singleton_prefix(id)?;
            reader.skip(id)
        })
    }

    fn next_value(&mut self, read: &mut ReadValue<'_>) -> Result<Option<()>, DecodeError> {
        if let Some(error) = &self.fatal {
            return Err(error.clone());
        }
        let outcome = self.read_messages(read);
        if let Err(error) = &outcome
            && error.is_fatal()
        {
            self.fatal = Some(error.clone());
        }
        outcome
    }

    fn read_messages(&mut self, read: &mut ReadValue<'_>) -> Result<Option<()>, DecodeError> {
        loop {
            if let Some(left) = self.oversized {
                if self.skip_oversized(left)?.is_none() {
                    return Ok(None);
                }
                continue;
            }
            let Some((begin, length)) = self.message_header()? else {
                return Ok(None);
            };
            if length > self.limits.message_bytes {
                self.start = begin;
                self.oversized = Some(length);
                continue;
            }
            let end = begin.saturating_add(length);
            let Some(message) = self.buffer.get(begin..end) else {
                return Ok(None);
            };
            let outcome = read_message(
                &mut self.types,
                &self.limits,
                &mut self.pending,
                message,
                read,
            );
            self.start = end;
            self.clear_if_read();
            if outcome?.is_some() {
                return Ok(Some(()));
            }
        }
    }

    /// The position and the length of the next message. `None` if bytes are missing.
    fn message_header(&self) -> Result<Option<(usize, usize)>, DecodeError> {
        const LENGTH: DecodeError = DecodeError::Fatal("a message has an invalid length");
        let bytes = self.buffer.get(self.start..).unwrap_or_default();
        let Some((length, count)) = peek_uint(bytes).map_err(|_| LENGTH)? else {
            return Ok(None);
        };
        let length = (length <= GO_MAX_MESSAGE).then_some(length).ok_or(LENGTH)?;
        let length = usize::try_from(length).map_err(|_| LENGTH)?;
        Ok(Some((self.start + count, length)))
    }

    /// Skips the available bytes of a message that is too long and has `left` bytes left. `None` if more bytes are
    /// needed.
    ///
    /// # Errors
    ///
    /// [`DecodeError::TooLarge`] at the end of the value.
    fn skip_oversized(&mut self, left: usize) -> Result<Option<()>, DecodeError> {
        let available = self.buffer.get(self.start..).unwrap_or_default();
        let part = Part {
            bytes: available.get(..left).unwrap_or(available),
            is_last: left <= available.len(),
        };
        let (mut value, before) = match self.pending.take() {
            Some(value) => (value, 0),
            None => match peek_uint(part.bytes) {
                Ok(Some((_, count))) => {
                    let id = Cursor::new(part.bytes).int()?;
                    if id < 0 {
                        return Err(DecodeError::Fatal("a type definition is too long"));
                    }
                    (Skipper::new(id), count)
                }
                Ok(None) if !part.is_last => return Ok(None),
                _ => return Err(DecodeError::Fatal("a message has no type id")),
            },
        };
        value.discard();
        let rest = Part {
            bytes: part.bytes.get(before..).unwrap_or_default(),
            ..part
        };
        let skipped = value.skip_part(rest, &mut self.types, &self.limits);
        let (step, skipped) = skipped.map_err(DecodeError::into_fatal)?;
        let consumed = before + skipped;
        let is_stuck = part.bytes.len() - consumed > self.limits.message_bytes;
        self.start += consumed;
        self.oversized = Some(left - consumed).filter(|left| *left > 0);
        self.clear_if_read();
        match step {
            Step::NeedBytes if is_stuck => Err(DecodeError::Fatal("a part of a value is too long")),
            Step::NeedBytes => {
                self.pending = Some(value);
                Ok(None)
            }
            Step::NeedMessage => {
                self.pending = Some(value);
                Ok(Some(()))
            }
            Step::Done => Err(VALUE_TOO_LONG),
        }
    }

    fn clear_if_read(&mut self) {
        if self.start >= self.buffer.len() {
            self.buffer.clear();
            self.start = 0;
            self.shrink();
        }
    }

    /// Releases the memory that a large message needed.
    fn shrink(&mut self) {
        if self.buffer.capacity() > KEPT_CAPACITY.max(self.buffer.len().saturating_mul(4)) {
            self.buffer.shrink_to(KEPT_CAPACITY);
        }
    }
}

/// Reads a value of the type with this id and stores it in the caller. It is a trait object so that the code that
/// finds the value exists once, and not for each type.
type ReadValue<'a> = dyn FnMut(&mut Reader<'_>, i64) -> Result<(), DecodeError> + 'a;

/// Reads one message: a definition, a value, or a piece of a value.
fn read_message(
    types: &mut ReceivedTypes,
    limits: &Limits,
    pending: &mut Option<Skipper>,
    message: &[u8],
    read: &mut ReadValue<'_>,
) -> Result<Option<()>, DecodeError> {
    if let Some(mut value) = pending.take() {
        let skipped = value.skip_message(message, types, limits);
        return match skipped.map_err(DecodeError::into_fatal)? {
            Step::NeedMessage | Step::NeedBytes => {
                *pending = Some(value);
                Ok(None)
            }
            Step::Done => finish(value, types, limits, read).map(Some),
        };
    }
    let mut cursor = Cursor::new(message);
    let id = cursor.int().map_err(DecodeError::into_fatal)?;
    if id < 0 {
        // Without the definition, no value of this type can be read.
        define(types, limits, id, &mut cursor).map_err(DecodeError::into_fatal)?;
        return Ok(None);
    }
    let mut reader = Reader::new(cursor, types, limits);
    let read_error = match read(&mut reader, id) {
        Ok(()) if reader.cursor.remaining() == 0 => return Ok(Some(())),
        Ok(()) => None,
        Err(error) => Some(error),
    };
    // The value is malformed, or it continues in the next message. Skip it: that shows which, and finds the end of
    // the value.
    let mut skipper = Skipper::new(id);
    let body = message.get(message.len() - cursor.remaining()..);
    match skipper.skip_message(body.unwrap_or_default(), types, limits) {
        Ok(Step::NeedMessage | Step::NeedBytes) => {
            *pending = Some(skipper);
            Ok(None)
        }
        Ok(Step::Done) => finish(skipper, types, limits, read).map(Some),
        Err(error) => Err(read_error.unwrap_or(error).into_fatal()),
    }
}

fn define(
    types: &mut ReceivedTypes,
    limits: &Limits,
    id: i64,
    cursor: &mut Cursor<'_>,
) -> Result<(), DecodeError> {
    types.define(negated(id)?, cursor, limits)?;
    if cursor.remaining() > 0 {
        return Err(DecodeError::malformed(
            "bytes are left over after a type definition",
        ));
    }
    Ok(())
}

fn finish(
    skipper: Skipper,
    types: &mut ReceivedTypes,
    limits: &Limits,
    read: &mut ReadValue<'_>,
) -> Result<(), DecodeError> {
    let (id, joined) = skipper.joined().ok_or(VALUE_TOO_LONG)?;
    read(&mut Reader::new(Cursor::new(&joined), types, limits), id)
}
