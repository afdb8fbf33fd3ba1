//! Packs: many small files in one, written once, with one sync for all of them. A member is named
//! by where it lies: `packs/<number>-<checksum>.pack/<offset>-<length>.<ending>`, so that whoever
//! knows its name needs nothing else of the pack to read it. A member may have a second part that
//! lies beside it (`<offset>-<length>-<length of that>.<ending>`); its name is the member's with one
//! more ending.
//!
//! A pack is 8 bytes of magic and its number; the parts, each at a multiple of 8 bytes with zeros
//! before it; then the directory: owner, offset, length and XXH3 of every part; then where that
//! begins, how many parts there are, the XXH3 of head, directory and those two numbers, and the magic
//! again. Numbers are little-endian, of 8 bytes. The checksum in the pack's name is the XXH3 of the
//! whole file.

mod verify;
mod view;
mod writer;

pub use verify::{PackFault, verify_pack};
pub use view::{PackedFiles, SparsePack};
pub use writer::PackWriter;

use std::ops::Range;
use std::path::Path;

/// The directory that packs lie in.
pub const PACKS: &str = "packs";
const ENDING: &str = ".pack";
const MAGIC: [u8; 8] = *b"CGPACK\0\x01";
const HEAD_BYTES: u64 = 16;
/// Bytes of one part in the directory.
const ENTRY_BYTES: u64 = 32;
const TAIL_BYTES: u64 = 32;
const ALIGNMENT: u64 = 8;

/// The pack that a member lies in; `None` for a path that lies in none.
#[must_use]
pub fn pack_of(path: &str) -> Option<&str> {
    let (pack, member) = path.strip_prefix(PACKS)?.strip_prefix('/')?.split_once('/')?;
    path.get(..path.len() - member.len() - 1).filter(|_| pack.ends_with(ENDING) && !member.is_empty())
}

/// The checksum in the name of a pack; `None` for what is none.
#[must_use]
pub fn pack_checksum(pack: &str) -> Option<u64> {
    let (_, checksum) = numbers_of(pack)?;
    Some(checksum)
}

/// Number and checksum in the name of a pack.
fn numbers_of(pack: &str) -> Option<(u64, u64)> {
    let name = pack.strip_prefix(PACKS)?.strip_prefix('/')?.strip_suffix(ENDING)?;
    let (number, checksum) = name.split_once('-')?;
    Some((number.parse().ok()?, u64::from_str_radix(checksum, 16).ok()?))
}

fn pack_path(number: u64, checksum: u64) -> String {
    format!("{PACKS}/{number:012}-{checksum:016x}{ENDING}")
}

/// A member, or what lies beside one.
#[derive(Debug, PartialEq, Eq)]
struct Member<'a> {
    pack: &'a str,
    /// The member's own name.
    name: &'a str,
    /// Whether the path is that of what lies beside it.
    is_beside: bool,
}

impl<'a> Member<'a> {
    fn of(path: &'a Path) -> Option<Self> {
        let path = path.to_str()?;
        let pack = pack_of(path)?;
        let whole = path.get(pack.len() + 1..)?;
        let (stem, ending) = whole.split_once('.')?;
        let own = ending.split('.').next()?;
        let name = whole.get(..stem.len() + 1 + own.len())?;
        Some(Self { pack, name, is_beside: name.len() < whole.len() })
    }

    /// The bytes that the path means; `None` where the name says none.
    fn range(&self) -> Option<Range<u64>> {
        ranges(self.name)?.into_iter().nth(usize::from(self.is_beside))
    }
}

/// The bytes of a member's parts, by its name.
fn ranges(name: &str) -> Option<Vec<Range<u64>>> {
    let mut numbers = name.split('.').next()?.split('-').map(str::parse::<u64>);
    let mut at = numbers.next()?.ok()?;
    let mut found = Vec::new();
    for length in numbers {
        let end = at.checked_add(length.ok()?)?;
        found.push(at..end);
        at = end.checked_next_multiple_of(ALIGNMENT)?;
    }
    (!found.is_empty()).then_some(found)
}

/// The bytes of a member's parts, by its path; empty for a path that lies in no pack.
#[must_use]
pub fn member_ranges(path: &str) -> Vec<Range<u64>> {
    Member::of(Path::new(path)).and_then(|member| ranges(member.name)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
