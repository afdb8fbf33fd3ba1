//! What redb's header says before redb opens the file. Of its two commit slots one is named as the
//! newest; where that one does not check out, redb falls back to the other, which is right after a
//! crash and would silently undo a durable commit where a bit was damaged. So whatever a crash
//! cannot have done is told here:
//!
//! - in a file that was closed in order the commit that the header names checks out;
//! - a commit in two phases was whole before the header named it, so redb falls back from none.
//!
//! Where the header names the older of two commits that check out, power ended between the phases,
//! or a bit of it was flipped: then redb is to choose the newer, as it does without phases.
//!
//! The layout is that of redb's format 3 (`docs/design.md` of redb).

use xxhash_rust::xxh3::xxh3_128;

/// Bytes of the header that are looked at.
pub(super) const HEADER_BYTES: usize = 320;
/// Where the flags stand.
pub(super) const FLAGS_AT: u64 = 9;
const NAMES_SECOND: u8 = 1;
const IS_OPEN: u8 = 2;
/// The newest commit was made in two phases.
pub(super) const TWO_PHASES: u8 = 4;
const SLOTS_AT: usize = 64;
const SLOT_BYTES: usize = 128;
const COMMIT_AT: usize = 104;
const CHECKSUM_AT: usize = SLOT_BYTES - 16;

/// One commit slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    commit: u64,
    checks_out: bool,
}

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    named: Slot,
    other: Slot,
    flags: u8,
}

impl Header {
    /// Reads it; `None` when that is for redb to complain about.
    pub(super) fn read(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        if !bytes.starts_with(b"redb") {
            return None;
        }
        let flags = *bytes.get(usize::try_from(FLAGS_AT).ok()?)?;
        let slot = |place: usize| {
            let slot: &[u8; SLOT_BYTES] = bytes.get(SLOTS_AT + place * SLOT_BYTES..)?.first_chunk()?;
            let commit = u64::from_le_bytes(*slot.get(COMMIT_AT..)?.first_chunk()?);
            let (content, checksum) = slot.split_at(CHECKSUM_AT);
            Some(Slot { commit, checks_out: xxh3_128(content).to_le_bytes() == *checksum })
        };
        let named = usize::from(flags & NAMES_SECOND != 0);
        Some(Self { named: slot(named)?, other: slot(1 - named)?, flags })
    }

    /// Whether the file was closed in order: then nothing in it may have to be fallen back from.
    pub(super) fn was_closed(&self) -> bool {
        self.flags & IS_OPEN == 0
    }

    /// What is damaged in a file that was closed in order.
    pub(super) fn damage(&self) -> Option<&'static str> {
        (self.was_closed() && !self.named.checks_out).then_some("its newest commit does not check out")
    }

    /// Whether a newer commit than the named one checks out.
    pub(super) fn names_older(&self) -> bool {
        self.other.checks_out && self.other.commit > self.named.commit
    }
}
