//! Whether a record that does not check out is one flipped bit away from one that does: then it was
//! whole once, and is damaged; a torn tail never is. A CRC-32 tells which bit it was.

use super::file_format::{FRAME_BYTES, FRAME_MAGIC, Frame};
use super::load_record::decode_record;

const POLYNOMIAL: u32 = 0xEDB8_8320;
/// Bits of the frame that its checksum does not cover: magic and checksum; then the length, which
/// says what it covers.
const MAGIC_BITS: usize = 32;
const CHECKSUM_BITS: usize = 32;
const LENGTH_BITS: usize = 32;
const COVERED_FROM: usize = 8;
/// Longer records are not searched: among so many bits chance alone finds one for a torn record.
const SEARCHED_BYTES: usize = 256 << 10;

/// The bit to flip in a record that begins at the front of these bytes, counted from the lowest of
/// the first byte, with the frame as it is then.
pub(crate) fn flipped_bit(bytes: &[u8]) -> Option<(usize, Frame)> {
    let uncovered = 0..MAGIC_BITS + CHECKSUM_BITS + LENGTH_BITS;
    let in_head = uncovered.into_iter().find_map(|bit| is_whole_with(bytes, bit));
    in_head.or_else(|| is_whole_with(bytes, covered_bit(bytes)?))
}

fn is_whole_with(bytes: &[u8], bit: usize) -> Option<(usize, Frame)> {
    let mut head: [u8; FRAME_BYTES] = *bytes.first_chunk()?;
    if let Some(byte) = head.get_mut(bit / 8) {
        *byte ^= 1 << (bit % 8);
    }
    let frame = Frame::decode(&head)?;
    let payload = bytes.get(FRAME_BYTES..FRAME_BYTES.checked_add(frame.len)?)?;
    // Copied only where the bit lies in it.
    let mut changed = Vec::new();
    let payload = match bit.checked_sub(FRAME_BYTES * 8) {
        None => payload,
        Some(bit) => {
            changed.extend_from_slice(payload);
            *changed.get_mut(bit / 8)? ^= 1 << (bit % 8);
            &changed
        }
    };
    (frame.checks_out(&head, payload) && decode_record(payload).is_ok()).then_some((bit, frame))
}

/// The bit among those that the checksum covers, by what the checksum is off.
fn covered_bit(bytes: &[u8]) -> Option<usize> {
    let head: &[u8; FRAME_BYTES] = bytes.first_chunk()?;
    if head[..FRAME_MAGIC.len()] != FRAME_MAGIC {
        return None;
    }
    let frame = Frame::decode(head)?;
    let end = FRAME_BYTES.checked_add(frame.len)?;
    if end > SEARCHED_BYTES {
        return None;
    }
    let payload = bytes.get(FRAME_BYTES..end)?;
    let wanted = frame.error_of(head, payload);
    let table: [u32; 256] = std::array::from_fn(|index| {
        (0..8).fold(index as u32, |crc, _| if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 })
    });
    // What the checksum is off for a flipped bit in the last byte, and then in each one before.
    let mut off: [u32; 8] = std::array::from_fn(|bit| table[1 << bit]);
    for byte in (COVERED_FROM..end).rev() {
        if let Some(bit) = off.iter().position(|off| *off == wanted) {
            return Some(byte * 8 + bit);
        }
        off = off.map(|off| off >> 8 ^ table[(off & 0xFF) as usize]);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Sequence;

    fn frame() -> Vec<u8> {
        let mut bytes = Vec::new();
        // A record without parts, and one with a deletion of everything in table 7.
        let payload = [[1, 3, 7, 0].as_slice(), &[0; 16], &[0]].concat();
        assert!(decode_record(&payload).is_ok());
        Frame::append(Sequence(5), 32, &payload, &mut bytes);
        bytes
    }

    #[test]
    fn every_bit_is_found() {
        let whole = frame();
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes.extend([7; 40]);
            bytes[bit / 8] ^= 1 << (bit % 8);
            let (found, frame) = flipped_bit(&bytes).unwrap_or_else(|| panic!("bit {bit}"));
            assert_eq!((found, frame.sequence, frame.len), (bit, Sequence(5), whole.len() - FRAME_BYTES));
        }
    }

    #[test]
    fn a_long_record_is_not_searched() {
        for (bytes, is_found) in [(SEARCHED_BYTES - FRAME_BYTES, true), (SEARCHED_BYTES - FRAME_BYTES + 1, false)] {
            let mut record = Vec::new();
            Frame::append(Sequence(5), 32, &vec![0; bytes], &mut record);
            record[FRAME_BYTES + 7] ^= 4;
            assert_eq!(covered_bit(&record).is_some(), is_found);
        }
    }

    #[test]
    fn a_torn_record_is_not_one_bit_off() {
        let whole = frame();
        for cut in 0..whole.len() {
            assert_eq!(flipped_bit(&whole[..cut]), None, "cut at {cut}");
            let mut zeros = whole.clone();
            zeros[cut..].fill(0);
            let lost: u32 = whole[cut..].iter().map(|byte| byte.count_ones()).sum();
            assert_eq!(flipped_bit(&zeros).is_some(), lost == 1, "zeros from {cut}");
        }
        let mut two = whole.clone();
        two[30] ^= 1;
        two[40] ^= 2;
        assert_eq!(flipped_bit(&two), None);
    }
}
