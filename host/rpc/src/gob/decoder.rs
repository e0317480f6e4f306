//! From bytes as they arrive to values.
//!
//! Messages are told apart by their lengths alone. A value in one message, the common case, is decoded
//! straight from it. Where that fails, the skimmer walks the value to its end, over as many messages as it
//! takes, so that the next value begins where it should; a value that was cut into pieces is then decoded
//! from the joined pieces. A value that is longer than is taken is walked as it arrives and dropped, so that only
//! it is lost.

use super::Limits;
use super::decode::Decode;
use super::error::DecodeError;
use super::reader::Reader;
use super::skim::{Part, Skimmer, Step, negated};
use super::types::Types;
use super::wire::{Cursor, peek_uint};

/// Buffers keep at most this much when idle.
const KEPT_CAPACITY: usize = 64 * 1024;

/// The longest message that Go reads, in bytes: what claims to be longer is none.
const GO_LIMIT: u64 = 8 << 30;

const VALUE_TOO_LONG: DecodeError = DecodeError::TooLarge("a value is too long");

/// The receiving half of a stream.
pub struct Decoder {
    limits: Limits,
    types: Types,
    buffer: Vec<u8>,
    start: usize,
    /// A value whose end has not arrived.
    pending: Option<Skimmer>,
    /// How much is left of a message that is too long, which is taken as it arrives.
    long: Option<usize>,
    lost: Option<DecodeError>,
}

impl Decoder {
    /// A stream on which nothing was received.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            types: Types::default(),
            buffer: Vec::new(),
            start: 0,
            pending: None,
            long: None,
            lost: None,
        }
    }

    /// Takes bytes as they arrived.
    pub fn feed(&mut self, bytes: &[u8]) {
        // Moving what is unread costs no more than reading what was before it.
        if self.start > self.buffer.len() / 2 {
            self.buffer.drain(..self.start.min(self.buffer.len()));
            self.start = 0;
            self.shrink();
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether nothing is left of what was fed, and no value is incomplete.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.start == self.buffer.len() && self.pending.is_none() && self.long.is_none()
    }

    /// Decodes the next value; none while bytes are missing.
    ///
    /// # Errors
    ///
    /// When the value cannot be decoded. Unless the error is fatal it was dropped whole.
    #[expect(
        clippy::should_implement_trait,
        reason = "each value is of another type"
    )]
    pub fn next<T: Decode>(&mut self) -> Result<Option<T>, DecodeError> {
        let mut value = None;
        let whole = self.next_with(&mut |reader, id| {
            value = Some(reader.top(id)?);
            Ok(())
        })?;
        Ok(whole.and(value))
    }

    /// Like [`Decoder::next`], for who reads the value by other means than its type. `read` may be called several times;
    /// the last one counts.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn next_by(
        &mut self,
        read: &mut dyn FnMut(&mut Reader<'_>, i64) -> Result<(), DecodeError>,
    ) -> Result<Option<()>, DecodeError> {
        self.next_with(&mut |reader, id| {
            reader.begin_top(id)?;
            read(reader, id)
        })
    }

    /// Reads and drops the next value; none while bytes are missing.
    ///
    /// # Errors
    ///
    /// When the bytes are not a value.
    pub fn skip(&mut self) -> Result<Option<()>, DecodeError> {
        self.next_with(&mut |reader, id| {
            reader.lone(id)?;
            reader.skip(id)
        })
    }

    fn next_with(&mut self, read: &mut Read<'_>) -> Result<Option<()>, DecodeError> {
        if let Some(error) = &self.lost {
            return Err(error.clone());
        }
        let outcome = self.next_message_with(read);
        if let Err(error) = &outcome
            && error.is_fatal()
        {
            self.lost = Some(error.clone());
        }
        outcome
    }

    fn next_message_with(&mut self, read: &mut Read<'_>) -> Result<Option<()>, DecodeError> {
        loop {
            if let Some(left) = self.long {
                if self.pass_over(left)?.is_none() {
                    return Ok(None);
                }
                continue;
            }
            let Some((begin, length)) = self.message()? else {
                return Ok(None);
            };
            if length > self.limits.message_bytes {
                self.start = begin;
                self.long = Some(length);
                continue;
            }
            let end = begin.saturating_add(length);
            let Some(message) = self.buffer.get(begin..end) else {
                return Ok(None);
            };
            let outcome = message_value(
                &mut self.types,
                &self.limits,
                &mut self.pending,
                message,
                read,
            );
            self.start = end;
            self.tidy();
            if outcome?.is_some() {
                return Ok(Some(()));
            }
        }
    }

    /// Where the next message begins and how long it is, once that is known.
    fn message(&self) -> Result<Option<(usize, usize)>, DecodeError> {
        const LENGTH: DecodeError = DecodeError::Fatal("a message has no length that can be");
        let bytes = self.buffer.get(self.start..).unwrap_or_default();
        let Some((length, count)) = peek_uint(bytes).map_err(|_| LENGTH)? else {
            return Ok(None);
        };
        let length = (length <= GO_LIMIT).then_some(length).ok_or(LENGTH)?;
        let length = usize::try_from(length).map_err(|_| LENGTH)?;
        Ok(Some((self.start + count, length)))
    }

    /// Takes what is there of a message that is too long, of which so much is left. None while more is needed.
    ///
    /// # Errors
    ///
    /// [`DecodeError::TooLarge`] at the end of its value.
    fn pass_over(&mut self, left: usize) -> Result<Option<()>, DecodeError> {
        let there = self.buffer.get(self.start..).unwrap_or_default();
        let part = Part {
            bytes: there.get(..left).unwrap_or(there),
            is_last: left <= there.len(),
        };
        let (mut value, before) = match self.pending.take() {
            Some(value) => (value, 0),
            None => match peek_uint(part.bytes) {
                Ok(Some((_, count))) => {
                    let id = Cursor::new(part.bytes).int()?;
                    if id < 0 {
                        return Err(DecodeError::Fatal("a definition is too long"));
                    }
                    (Skimmer::new(id), count)
                }
                Ok(None) if !part.is_last => return Ok(None),
                _ => return Err(DecodeError::Fatal("a message has no type")),
            },
        };
        value.drop_value();
        let rest = Part {
            bytes: part.bytes.get(before..).unwrap_or_default(),
            ..part
        };
        let walked = value.walk_part(rest, &mut self.types, &self.limits);
        let (step, walked) = walked.map_err(DecodeError::into_fatal)?;
        let taken = before + walked;
        let is_stuck = part.bytes.len() - taken > self.limits.message_bytes;
        self.start += taken;
        self.long = Some(left - taken).filter(|left| *left > 0);
        self.tidy();
        match step {
            Step::Starved if is_stuck => Err(DecodeError::Fatal("a part of a value is too long")),
            Step::Starved => {
                self.pending = Some(value);
                Ok(None)
            }
            Step::More => {
                self.pending = Some(value);
                Ok(Some(()))
            }
            Step::Done => Err(VALUE_TOO_LONG),
        }
    }

    fn tidy(&mut self) {
        if self.start >= self.buffer.len() {
            self.buffer.clear();
            self.start = 0;
            self.shrink();
        }
    }

    /// Gives back what one large message needed.
    fn shrink(&mut self) {
        if self.buffer.capacity() > KEPT_CAPACITY.max(self.buffer.len().saturating_mul(4)) {
            self.buffer.shrink_to(KEPT_CAPACITY);
        }
    }
}

/// Reads a value of a type with this number, and keeps it where it is wanted. Behind a pointer, because what finds the
/// value is the same for all types; the last one that was read counts.
type Read<'a> = dyn FnMut(&mut Reader<'_>, i64) -> Result<(), DecodeError> + 'a;

/// Takes one message: a definition, a value, or a piece of one.
fn message_value(
    types: &mut Types,
    limits: &Limits,
    pending: &mut Option<Skimmer>,
    message: &[u8],
    read: &mut Read<'_>,
) -> Result<Option<()>, DecodeError> {
    if let Some(mut value) = pending.take() {
        let walked = value.walk(message, types, limits);
        return match walked.map_err(DecodeError::into_fatal)? {
            Step::More | Step::Starved => {
                *pending = Some(value);
                Ok(None)
            }
            Step::Done => finish(value, types, limits, read).map(Some),
        };
    }
    let mut cursor = Cursor::new(message);
    let id = cursor.int().map_err(DecodeError::into_fatal)?;
    if id < 0 {
        // Without its type, neither this value nor any later one of the type can be read.
        define(types, limits, id, &mut cursor).map_err(DecodeError::into_fatal)?;
        return Ok(None);
    }
    let mut reader = Reader::new(cursor, types, limits);
    let read_error = match read(&mut reader, id) {
        Ok(()) if reader.cursor.left() == 0 => return Ok(Some(())),
        Ok(()) => None,
        Err(error) => Some(error),
    };
    // Wrong, or only cut into pieces, which look wrong too: the walk tells, and finds the value's end.
    let mut skimmer = Skimmer::new(id);
    let body = message.get(message.len() - cursor.left()..);
    match skimmer.walk(body.unwrap_or_default(), types, limits) {
        Ok(Step::More | Step::Starved) => {
            *pending = Some(skimmer);
            Ok(None)
        }
        Ok(Step::Done) => finish(skimmer, types, limits, read).map(Some),
        Err(error) => Err(read_error.unwrap_or(error).into_fatal()),
    }
}

fn define(
    types: &mut Types,
    limits: &Limits,
    id: i64,
    cursor: &mut Cursor<'_>,
) -> Result<(), DecodeError> {
    types.define(negated(id)?, cursor, limits)?;
    if cursor.left() > 0 {
        return Err(DecodeError::malformed(
            "bytes are left over after a definition",
        ));
    }
    Ok(())
}

fn finish(
    skimmer: Skimmer,
    types: &mut Types,
    limits: &Limits,
    read: &mut Read<'_>,
) -> Result<(), DecodeError> {
    let (id, joined) = skimmer.joined().ok_or(VALUE_TOO_LONG)?;
    read(&mut Reader::new(Cursor::new(&joined), types, limits), id)
}
