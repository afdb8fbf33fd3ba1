//! The attributes of a page's series: as they came while the page fills up, then each different
//! value once and a small number for it in every series that has it.

use super::attributes::Attributes;
use super::packed::Packed;
use hashbrown::HashTable;
use model::ColumnId;
use std::borrow::Cow;
use xxhash_rust::xxh3::xxh3_64;

/// By position: each column's value in the encoding of [`Attributes`].
#[derive(Clone, Debug, Default)]
pub(super) struct PageAttributes {
    /// Whole; empty where they are by value.
    open: Packed,
    coded: Option<Coded>,
}

/// Values by number.
#[derive(Clone, Debug)]
pub(super) struct Coded {
    /// By position: where its numbers end.
    ends: Vec<u32>,
    /// Those of each series ascend by column.
    codes: Vec<u16>,
    values: Packed,
    /// How many values there were when each was there once.
    distinct: usize,
}

impl PageAttributes {
    pub(super) fn get(&self, at: usize) -> Cow<'_, [u8]> {
        match &self.coded {
            None => Cow::Borrowed(self.open.get(at).unwrap_or_default()),
            Some(coded) => Cow::Owned(coded.values_of(at).flatten().copied().collect()),
        }
    }

    /// The value of one column, with its column before it; nothing else is looked at.
    pub(super) fn find(&self, at: usize, column: ColumnId) -> Option<&[u8]> {
        let reaches = |value: &&[u8]| Attributes::column_of(value).is_ok_and(|other| other >= column);
        let found = match &self.coded {
            None => Attributes::split(self.open.get(at)?).map_while(Result::ok).find(reaches),
            Some(coded) => coded.values_of(at).find(reaches),
        };
        found.filter(|value| Attributes::column_of(value) == Ok(column))
    }

    /// Adds those of the next position.
    pub(super) fn push(&mut self, attributes: &[u8]) {
        self.open().push(attributes);
    }

    pub(super) fn pop(&mut self) {
        self.open().pop();
    }

    /// Whole ones from now on.
    fn open(&mut self) -> &mut Packed {
        if let Some(coded) = self.coded.take() {
            for at in 0..coded.ends.len() {
                let whole: Vec<u8> = coded.values_of(at).flatten().copied().collect();
                self.open.push(&whole);
            }
        }
        &mut self.open
    }

    /// Keeps each value once from now on; what does not decode, or has too many values, stays whole.
    pub(super) fn seal(&mut self) {
        let open = self.open();
        open.shrink();
        self.coded = Coded::new(open);
        if self.coded.is_some() {
            self.open = Packed::default();
        }
    }

    /// Puts others in the place of some, by position, ascending.
    pub(super) fn set(&mut self, changes: &[(usize, Box<[u8]>)]) {
        let is_sealed = self.coded.is_some();
        if let Some(coded) = &mut self.coded
            && coded.set(changes)
        {
            if coded.is_wasteful() {
                self.seal();
            }
            return;
        }
        let old = self.open();
        let mut changes = changes.iter().peekable();
        let all = (0..old.len()).map(|at| match changes.next_if(|(changed, _)| *changed == at) {
            Some((_, attributes)) => attributes,
            None => old.get(at).unwrap_or_default(),
        });
        *old = all.collect();
        if is_sealed {
            self.seal();
        }
    }

    /// What they take on the heap.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let coded = |coded: &Coded| {
            coded.values.bytes() + coded.ends.capacity() * size_of::<u32>() + coded.codes.capacity() * size_of::<u16>()
        };
        self.open.bytes() + self.coded.as_ref().map_or(0, coded)
    }
}

impl Coded {
    fn new(packed: &Packed) -> Option<Self> {
        let (mut ends, mut codes, mut values) = (Vec::with_capacity(packed.len()), Vec::new(), Packed::default());
        let mut known: HashTable<u16> = HashTable::new();
        for attributes in packed.iter() {
            for value in Attributes::split(attributes) {
                let value = value.ok()?;
                let found = known.find(xxh3_64(value), |code| values.get(usize::from(*code)) == Some(value)).copied();
                let code = match found {
                    Some(code) => code,
                    None => {
                        let code = u16::try_from(values.len()).ok()?;
                        values.push(value);
                        let hash = |code: &u16| xxh3_64(values.get(usize::from(*code)).unwrap_or_default());
                        known.insert_unique(xxh3_64(value), code, hash);
                        code
                    }
                };
                codes.push(code);
            }
            ends.push(u32::try_from(codes.len()).ok()?);
        }
        codes.shrink_to_fit();
        values.shrink();
        let distinct = values.len();
        Some(Self { ends, codes, values, distinct })
    }

    fn codes_of(&self, at: usize) -> std::ops::Range<usize> {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        start as usize..self.ends.get(at).copied().unwrap_or(start) as usize
    }

    fn values_of(&self, at: usize) -> impl Iterator<Item = &[u8]> {
        let codes = self.codes.get(self.codes_of(at)).unwrap_or_default();
        codes.iter().filter_map(|code| self.values.get(usize::from(*code)))
    }

    /// Changes some in place; false when one has not as many values as before, or numbers run out:
    /// then only what the others are can be relied on.
    fn set(&mut self, changes: &[(usize, Box<[u8]>)]) -> bool {
        changes.iter().all(|(at, attributes)| self.set_one(*at, attributes).is_some())
    }

    fn set_one(&mut self, at: usize, attributes: &[u8]) -> Option<()> {
        let new: Vec<&[u8]> = Attributes::split(attributes).collect::<Result<_, _>>().ok()?;
        let range = self.codes_of(at);
        if new.len() != range.len() {
            return None;
        }
        for (slot, value) in range.zip(new) {
            let code = self.codes.get(slot).copied()?;
            if self.values.get(usize::from(code)) == Some(value) {
                continue;
            }
            let code = u16::try_from(self.values.len()).ok()?;
            self.values.push(value);
            *self.codes.get_mut(slot)? = code;
        }
        Some(())
    }

    /// Whether most values may be no longer used, or there more than once.
    fn is_wasteful(&self) -> bool {
        self.values.len() > 2 * self.distinct + self.ends.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::attributes::AttributeValue;
    use super::*;
    use model::Value;
    use proptest::prelude::*;

    fn encoded(values: &[(u32, u8)]) -> Box<[u8]> {
        let value = |(column, value): &(u32, u8)| AttributeValue {
            column: ColumnId(*column),
            generation: 0,
            value: if *value == 0 { Value::Null } else { Value::Text(format!("value {value}")) },
        };
        Attributes::encode(values.iter().map(value).collect())
    }

    fn attributes() -> impl Strategy<Value = Box<[u8]>> {
        proptest::collection::vec((1..200_u32, 0..6_u8), 0..5).prop_map(|values| encoded(&values))
    }

    #[derive(Clone, Debug)]
    enum Step {
        Push(Box<[u8]>),
        Pop,
        Seal,
        Set(Vec<(usize, Box<[u8]>)>),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => attributes().prop_map(Step::Push),
            1 => Just(Step::Pop),
            1 => Just(Step::Seal),
            4 => proptest::collection::vec((0..12_usize, attributes()), 1..4).prop_map(Step::Set),
        ]
    }

    proptest! {
        #[test]
        fn they_are_what_they_were_set_to(steps in proptest::collection::vec(step(), 1..60)) {
            let mut page = PageAttributes::default();
            let mut naive: Vec<Box<[u8]>> = Vec::new();
            for step in steps {
                match step {
                    Step::Push(attributes) => {
                        page.push(&attributes);
                        naive.push(attributes);
                    }
                    Step::Pop => {
                        page.pop();
                        naive.pop();
                    }
                    Step::Seal => page.seal(),
                    Step::Set(mut changes) => {
                        changes.retain(|(at, _)| *at < naive.len());
                        changes.sort_by_key(|(at, _)| *at);
                        changes.dedup_by_key(|(at, _)| *at);
                        page.set(&changes);
                        changes.into_iter().for_each(|(at, attributes)| naive[at] = attributes);
                    }
                }
                for (at, expected) in naive.iter().enumerate() {
                    prop_assert_eq!(&*page.get(at), &**expected);
                    for value in Attributes::split(expected) {
                        let value = value.unwrap();
                        prop_assert_eq!(page.find(at, Attributes::column_of(value).unwrap()), Some(value));
                    }
                    prop_assert_eq!(page.find(at, ColumnId(200)), None);
                }
            }
        }
    }

    /// What no series has any more does not stay for ever.
    #[test]
    fn changes_without_end_take_no_more_room() {
        let mut page = PageAttributes::default();
        (0..100).for_each(|series| page.push(&encoded(&[(1, 1), (2, series % 5)])));
        page.seal();
        let before = page.bytes();
        for round in 0..10_000_usize {
            let text = Value::Text(format!("round {round}"));
            let value = AttributeValue { column: ColumnId(1), generation: 0, value: text };
            page.set(&[(round % 3, Attributes::merged(&page.get(round % 3), &Attributes::encode(vec![value])))]);
        }
        assert!(page.bytes() < before + 100 * 32, "{} after {before}", page.bytes());
    }
}
