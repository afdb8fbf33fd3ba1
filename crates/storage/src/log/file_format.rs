//! The bytes of a log file: a header, then frames. A frame is one record with its number, its
//! checksum, and how much of the file was durable when it was written: by that a reader tells a
//! torn tail (never acknowledged, to be cut) from damage in what was acknowledged.

use model::Sequence;
use std::path::PathBuf;

/// Where log files live.
pub(crate) const DIRECTORY: &str = "log";
/// Bytes of a file's header.
pub(crate) const HEADER_BYTES: usize = 32;
/// Bytes of a frame before its payload.
pub(crate) const FRAME_BYTES: usize = 28;
/// The format that this version writes.
const FORMAT: u32 = 1;

const FILE_MAGIC: [u8; 8] = *b"\x89CGLOG\r\n";
/// Begins each frame.
pub(crate) const FRAME_MAGIC: [u8; 4] = *b"\x9Crec";

/// The path of the log file with a number.
pub(crate) fn path(number: u64) -> PathBuf {
    PathBuf::from(DIRECTORY).join(format!("{number:012}.log"))
}

/// The number in a log file's name.
pub(crate) fn number(name: &str) -> Option<u64> {
    name.strip_suffix(".log").filter(|digits| digits.len() == 12)?.parse().ok()
}

/// What a file's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The file's own number.
    pub(crate) number: u64,
    /// The number of the newest record before this file.
    pub(crate) previous: Sequence,
}

impl Header {
    /// Its bytes.
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        out[..8].copy_from_slice(&FILE_MAGIC);
        out[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        out[12..20].copy_from_slice(&self.number.to_le_bytes());
        out[20..28].copy_from_slice(&self.previous.0.to_le_bytes());
        let crc = crc32fast::hash(&out[..28]);
        out[28..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Whether these bytes are of file `number`, begun while the file before went on after the record
    /// that they say, or were just then changed to say `previous`. Only of a file without records.
    pub(crate) fn is_of_begun(bytes: &[u8; HEADER_BYTES], number: u64, previous: Sequence) -> bool {
        let fixed = Self { number, previous }.encode();
        bytes[..20] == fixed[..20] && Self::decode(bytes).map_or(true, |header| header.previous < previous)
    }

    /// Reads it; the error says what does not check out.
    pub(crate) fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<Self, String> {
        if bytes[..8] != FILE_MAGIC {
            return Err("it does not begin like a log file".into());
        }
        if crc32fast::hash(&bytes[..28]) != u32_at(bytes, 28) {
            return Err("the checksum of its header is wrong".into());
        }
        let format = u32_at(bytes, 8);
        if format != FORMAT {
            return Err(format!("its format is {format}, not {FORMAT}"));
        }
        Ok(Self { number: u64_at(bytes, 12), previous: Sequence(u64_at(bytes, 20)) })
    }
}

/// A frame without its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The record's number.
    pub(crate) sequence: Sequence,
    /// Bytes of the file that were durable when the frame was written.
    pub(crate) durable: u64,
    /// Bytes of the payload.
    pub(crate) len: usize,
    crc: u32,
}

impl Frame {
    /// Appends a frame with its payload.
    pub(crate) fn append(sequence: Sequence, durable: u64, payload: &[u8], out: &mut Vec<u8>) {
        let mut head = [0; FRAME_BYTES];
        head[..4].copy_from_slice(&FRAME_MAGIC);
        #[expect(clippy::cast_possible_truncation, reason = "payloads are limited to far less")]
        head[8..12].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        head[12..20].copy_from_slice(&sequence.0.to_le_bytes());
        head[20..28].copy_from_slice(&durable.to_le_bytes());
        let crc = checksum(&head, payload);
        head[4..8].copy_from_slice(&crc.to_le_bytes());
        out.extend(head);
        out.extend(payload);
    }

    /// Reads the head of a frame; `None` when it does not begin like one.
    pub(crate) fn decode(head: &[u8; FRAME_BYTES]) -> Option<Self> {
        (head[..4] == FRAME_MAGIC).then(|| Self {
            sequence: Sequence(u64_at(head, 12)),
            durable: u64_at(head, 20),
            len: u32_at(head, 8) as usize,
            crc: u32_at(head, 4),
        })
    }

    /// Whether head and payload are as they were written.
    pub(crate) fn checks_out(&self, head: &[u8; FRAME_BYTES], payload: &[u8]) -> bool {
        payload.len() == self.len && checksum(head, payload) == self.crc
    }

    /// By which bits the checksum is off.
    pub(crate) fn error_of(&self, head: &[u8; FRAME_BYTES], payload: &[u8]) -> u32 {
        checksum(head, payload) ^ self.crc
    }
}

fn checksum(head: &[u8; FRAME_BYTES], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&head[8..]);
    hasher.update(payload);
    hasher.finalize()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Header and frame are part of the storage format.
    #[test]
    fn the_format_stands() {
        let header = Header { number: 0x0102, previous: Sequence(0x0304_0506) };
        assert_eq!(hex(&header.encode()), "8943474c4f470d0a0100000002010000000000000605040300000000f8463da1");
        assert_eq!(Header::decode(&header.encode()), Ok(header));
        let mut frame = Vec::new();
        Frame::append(Sequence(0x0304_0507), 0x20, b"\x01\x02", &mut frame);
        assert_eq!(hex(&frame), "9c726563cbebfdee02000000070504030000000020000000000000000102");
        assert_eq!(path(0x0102), PathBuf::from("log/000000000258.log"));
    }
}
