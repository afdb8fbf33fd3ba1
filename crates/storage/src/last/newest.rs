//! What is known of the newest row of a series, or of the newest value of one column.

use model::TimeBounds;

/// What is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Newest {
    /// Nothing.
    #[default]
    Unknown,
    /// It is at this time.
    At(i64),
    /// There is none at this time or later. The least time: there is none at all.
    NotSince(i64),
}

impl Newest {
    /// There is none.
    pub(crate) const NEVER: Self = Self::NotSince(i64::MIN);

    /// Whether it is known which one it is, if one is at `since` or later.
    pub(crate) fn is_settled(self, since: i64) -> bool {
        match self {
            Self::Unknown => false,
            Self::At(_) => true,
            Self::NotSince(bound) => bound <= since,
        }
    }

    /// After rows of these times were deleted.
    pub(crate) fn after_delete(self, deleted: TimeBounds) -> Self {
        match self {
            Self::At(time) if deleted.contains(time) => Self::NotSince(deleted.first),
            Self::NotSince(bound) if deleted.first < bound && bound.saturating_sub(1) <= deleted.last => {
                Self::NotSince(deleted.first)
            }
            unchanged => unchanged,
        }
    }

    /// Whether something at this time may be newer than, or the same as, what is known.
    pub(crate) fn is_met_by(self, time: i64) -> bool {
        match self {
            Self::Unknown => false,
            Self::At(at) => at <= time,
            Self::NotSince(bound) => bound <= time,
        }
    }
}

const UNKNOWN: u8 = 0;
const AT: u8 = 1;
const NOT_SINCE: u8 = 2;

/// Many of them in little memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewestList {
    kinds: Box<[u8]>,
    times: Box<[i64]>,
}

impl NewestList {
    pub(crate) fn get(&self, at: usize) -> Newest {
        match (self.kinds.get(at).copied(), self.times.get(at).copied()) {
            (Some(AT), Some(time)) => Newest::At(time),
            (Some(NOT_SINCE), Some(time)) => Newest::NotSince(time),
            _ => Newest::Unknown,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.kinds.len() * (size_of::<u8>() + size_of::<i64>())
    }
}

impl FromIterator<Newest> for NewestList {
    fn from_iter<I: IntoIterator<Item = Newest>>(all: I) -> Self {
        let pairs = all.into_iter().map(|newest| match newest {
            Newest::Unknown => (UNKNOWN, 0),
            Newest::At(time) => (AT, time),
            Newest::NotSince(bound) => (NOT_SINCE, bound),
        });
        let (kinds, times): (Vec<u8>, Vec<i64>) = pairs.unzip();
        Self { kinds: kinds.into(), times: times.into() }
    }
}
