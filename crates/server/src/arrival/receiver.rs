//! Takes in the bytes of one body, decompresses them where they are gzip, and stops at the byte
//! that is too many, whether it was sent or came out of the decompression.

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use model::{Error, ErrorKind, Result};
use std::io::{self, Write};

/// The most that one step adds, roughly.
pub(crate) const PIECE: usize = 64 << 10;

/// One body, half received.
pub(crate) enum Receiver {
    /// As it was sent.
    Plain(Sink),
    /// One or more gzip members.
    Gzip {
        /// Decompresses into the sink.
        decoder: Box<MultiGzDecoder<Sink>>,
        /// Whether a byte has come: no bytes at all are no body.
        begun: bool,
    },
}

/// Where the bytes end up.
pub(crate) struct Sink {
    bytes: Vec<u8>,
    limit: usize,
    is_over: bool,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.get(..PIECE).unwrap_or(bytes);
        if taken.len() > self.limit.saturating_sub(self.bytes.len()) {
            self.is_over = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Receiver {
    pub(crate) fn new(is_gzip: bool, limit: usize) -> Self {
        let sink = Sink { bytes: Vec::new(), limit, is_over: false };
        match is_gzip {
            true => Self::Gzip { decoder: Box::new(MultiGzDecoder::new(sink)), begun: false },
            false => Self::Plain(sink),
        }
    }

    /// How many bytes it holds.
    pub(crate) fn held(&self) -> usize {
        self.sink().bytes.len()
    }

    /// Takes some of the bytes; what is left is to be given again.
    ///
    /// # Errors
    /// [`ErrorKind::BodyTooLarge`] and [`ErrorKind::BodyBroken`].
    pub(crate) fn receive<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8]> {
        let taken = match self {
            Self::Plain(sink) => sink.write(bytes),
            Self::Gzip { decoder, begun } => {
                *begun = true;
                decoder.write(bytes)
            }
        };
        match taken {
            Ok(0) => Err(self.error("it goes on behind its end")),
            Ok(taken) => Ok(bytes.get(taken..).unwrap_or_default()),
            Err(error) => Err(self.error(error)),
        }
    }

    /// The body, if this is its end.
    ///
    /// # Errors
    /// As [`Receiver::receive`].
    pub(crate) fn finish(mut self) -> Result<Bytes> {
        if let Self::Gzip { decoder, begun: true } = &mut self
            && let Err(error) = decoder.try_finish()
        {
            return Err(self.error(error));
        }
        let sink = match &mut self {
            Self::Plain(sink) => sink,
            Self::Gzip { decoder, .. } => decoder.get_mut(),
        };
        Ok(std::mem::take(&mut sink.bytes).into())
    }

    fn sink(&self) -> &Sink {
        match self {
            Self::Plain(sink) => sink,
            Self::Gzip { decoder, .. } => decoder.get_ref(),
        }
    }

    fn error(&self, reason: impl std::fmt::Display) -> Error {
        let sink = self.sink();
        if sink.is_over {
            return ErrorKind::BodyTooLarge { limit: u64::try_from(sink.limit).unwrap_or(u64::MAX) }.into();
        }
        ErrorKind::BodyBroken { reason: format!("it is no sound gzip: {reason}") }.into()
    }
}
