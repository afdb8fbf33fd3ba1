//! Many byte strings in one heap: what each takes beside its own bytes is the four of its end.

/// Where strings end in the heap.
#[derive(Clone, Debug)]
enum Ends {
    Narrow(Vec<u32>),
    /// Of a heap that has more bytes than the others can say.
    Wide(Vec<u64>),
}

/// Byte strings by position.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    ends: Ends,
    heap: Vec<u8>,
}

impl Default for Packed {
    fn default() -> Self {
        Self { ends: Ends::Narrow(Vec::new()), heap: Vec::new() }
    }
}

impl Packed {
    pub(super) fn len(&self) -> usize {
        match &self.ends {
            Ends::Narrow(ends) => ends.len(),
            Ends::Wide(ends) => ends.len(),
        }
    }

    fn end(&self, at: usize) -> Option<usize> {
        match &self.ends {
            Ends::Narrow(ends) => ends.get(at).map(|end| *end as usize),
            Ends::Wide(ends) => ends.get(at).and_then(|end| usize::try_from(*end).ok()),
        }
    }

    fn start(&self, at: usize) -> Option<usize> {
        at.checked_sub(1).map_or(Some(0), |before| self.end(before))
    }

    pub(super) fn get(&self, at: usize) -> Option<&[u8]> {
        self.heap.get(self.start(at)?..self.end(at)?)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map_while(|at| self.get(at))
    }

    pub(super) fn push(&mut self, string: &[u8]) {
        self.heap.extend_from_slice(string);
        match (&mut self.ends, u32::try_from(self.heap.len())) {
            (Ends::Narrow(ends), Ok(end)) => ends.push(end),
            (Ends::Narrow(ends), Err(_)) => {
                let mut wide: Vec<u64> = ends.iter().map(|end| u64::from(*end)).collect();
                wide.push(self.heap.len() as u64);
                self.ends = Ends::Wide(wide);
            }
            (Ends::Wide(ends), _) => ends.push(self.heap.len() as u64),
        }
    }

    pub(super) fn pop(&mut self) {
        let last = self.len().saturating_sub(1);
        let start = self.start(last).unwrap_or_default();
        self.heap.truncate(start);
        match &mut self.ends {
            Ends::Narrow(ends) => ends.truncate(last),
            Ends::Wide(ends) => ends.truncate(last),
        }
    }

    /// Gives back what was reserved for more.
    pub(super) fn shrink(&mut self) {
        self.heap.shrink_to_fit();
        match &mut self.ends {
            Ends::Narrow(ends) => ends.shrink_to_fit(),
            Ends::Wide(ends) => ends.shrink_to_fit(),
        }
    }

    /// What it takes on the heap.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let ends = match &self.ends {
            Ends::Narrow(ends) => ends.capacity() * size_of::<u32>(),
            Ends::Wide(ends) => ends.capacity() * size_of::<u64>(),
        };
        self.heap.capacity() + ends
    }
}

impl<'a> FromIterator<&'a [u8]> for Packed {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(strings: I) -> Self {
        let mut packed = Self::default();
        strings.into_iter().for_each(|string| packed.push(string));
        packed.shrink();
        packed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_back_and_go_from_the_end() {
        let mut packed: Packed = [b"one".as_slice(), b"", b"three"].into_iter().collect();
        assert_eq!(packed.iter().collect::<Vec<_>>(), [b"one".as_slice(), b"", b"three"]);
        assert_eq!(packed.get(3), None);
        packed.pop();
        packed.push(b"3");
        packed.push(b"");
        assert_eq!(packed.iter().collect::<Vec<_>>(), [b"one".as_slice(), b"", b"3", b""]);
        (0..5).for_each(|_| packed.pop());
        assert_eq!((packed.len(), packed.get(0)), (0, None));
    }

    #[test]
    fn a_heap_that_outgrows_its_ends_says_so_in_wider_ones() {
        let mut packed: Packed = [b"a".as_slice()].into_iter().collect();
        packed.ends = Ends::Wide(vec![1]);
        packed.push(b"bc");
        assert_eq!(packed.iter().collect::<Vec<_>>(), [b"a".as_slice(), b"bc"]);
        packed.pop();
        assert_eq!(packed.iter().collect::<Vec<_>>(), [b"a".as_slice()]);
    }
}
