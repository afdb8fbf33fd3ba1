//! A backup on its way, piece by piece, and the bytes of a piece: a tag, the length of its content
//! (4 bytes), the content. The last one is the list of all files, or the reason why there is none,
//! so that a stream that breaks off is never taken for a whole one.

use super::manifest::BackupFile;
use model::{Error, ErrorKind, Result};
use std::io::{self, Read};

/// Bytes of a file in one piece, about.
pub(super) const PIECE_BYTES: usize = 1 << 20;

const BEGIN: u8 = 1;
const BYTES: u8 = 2;
const END: u8 = 3;
const UNCHANGED: u8 = 4;
const FINISHED: u8 = 5;
const FAILED: u8 = 6;

/// One piece of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A file begins.
    Begin(&'a str),
    /// Bytes of it.
    Bytes(&'a [u8]),
    /// It ends; what it must be.
    End(BackupFile),
    /// A file that the earlier backup has.
    Unchanged(BackupFile),
    /// All files have come; the text of their list.
    Finished(&'a str),
    /// No more will come, and why.
    Failed(&'a str),
}

impl Piece<'_> {
    /// Appends its bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let file_bytes;
        let (tag, content) = match self {
            Self::Begin(path) => (BEGIN, path.as_bytes()),
            Self::Bytes(bytes) => (BYTES, *bytes),
            Self::End(file) | Self::Unchanged(file) => {
                file_bytes = encode_file(file);
                (if matches!(self, Self::End(_)) { END } else { UNCHANGED }, file_bytes.as_slice())
            }
            Self::Finished(text) => (FINISHED, text.as_bytes()),
            Self::Failed(reason) => (FAILED, reason.as_bytes()),
        };
        out.push(tag);
        out.extend(u32::try_from(content.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend(content);
    }
}

fn encode_file(file: &BackupFile) -> Vec<u8> {
    [&file.bytes.to_le_bytes()[..], &file.checksum.to_le_bytes(), file.path.as_bytes()].concat()
}

fn decode_file(content: &[u8]) -> Option<BackupFile> {
    let (bytes, rest) = content.split_first_chunk()?;
    let (checksum, path) = rest.split_first_chunk()?;
    let path = str::from_utf8(path).ok()?.to_owned();
    Some(BackupFile { path, bytes: u64::from_le_bytes(*bytes), checksum: u64::from_le_bytes(*checksum) })
}

/// Reads pieces from bytes.
#[derive(Debug)]
pub struct PieceReader<R> {
    from: R,
    content: Vec<u8>,
}

impl<R: Read> PieceReader<R> {
    /// A reader of what comes from there.
    pub fn new(from: R) -> Self {
        Self { from, content: Vec::new() }
    }

    /// The next piece.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it breaks off or is no piece.
    pub fn next_piece(&mut self) -> Result<Piece<'_>> {
        let mut head = [0; 5];
        self.from.read_exact(&mut head).map_err(|e| broken(&e))?;
        let [tag, length @ ..] = head;
        let length = u64::from(u32::from_le_bytes(length));
        self.content.clear();
        // As much room as bytes that have come.
        self.from.by_ref().take(length).read_to_end(&mut self.content).map_err(|e| broken(&e))?;
        if self.content.len() as u64 != length {
            return Err(broken(&io::ErrorKind::UnexpectedEof.into()));
        }
        let text = || str::from_utf8(&self.content).ok();
        let piece = match tag {
            BEGIN => text().map(Piece::Begin),
            BYTES => Some(Piece::Bytes(&self.content)),
            END => decode_file(&self.content).map(Piece::End),
            UNCHANGED => decode_file(&self.content).map(Piece::Unchanged),
            FINISHED => text().map(Piece::Finished),
            FAILED => text().map(Piece::Failed),
            _ => None,
        };
        piece.ok_or_else(|| broken(&io::Error::new(io::ErrorKind::InvalidData, "what came is no piece of a backup")))
    }
}

fn broken(error: &io::Error) -> Error {
    Error::new(ErrorKind::Io { operation: "receive the backup".to_owned(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_as_they_were_sent_and_a_break_is_seen() {
        let file = BackupFile { path: "a/b".to_owned(), bytes: 3, checksum: u64::MAX };
        let pieces = [
            Piece::Begin("a/b"),
            Piece::Bytes(b"abc"),
            Piece::Bytes(b""),
            Piece::End(file.clone()),
            Piece::Unchanged(file),
            Piece::Finished("list"),
            Piece::Failed("reason"),
        ];
        let mut bytes = Vec::new();
        pieces.iter().for_each(|piece| piece.encode(&mut bytes));
        let mut reader = PieceReader::new(bytes.as_slice());
        pieces.iter().for_each(|piece| assert_eq!(reader.next_piece().unwrap(), *piece));
        assert!(reader.next_piece().is_err());
        for end in 0..bytes.len() {
            let mut reader = PieceReader::new(&bytes[..end]);
            let read = pieces.iter().take_while(|piece| reader.next_piece().is_ok_and(|read| read == **piece)).count();
            assert!(read < pieces.len(), "cut at {end}");
        }
        assert!(PieceReader::new(&[9, 0, 0, 0, 0][..]).next_piece().is_err());
    }
}
