//! What is known at one number of the newest row and values of a table's series: pages of
//! neighbouring ids, shared between the states that have them alike.

use super::newest::{Newest, NewestList};
use super::overlay::Prepared;
use super::pool::{LastPool, PageCharge};
use super::working::Working;
use crate::series_index::SeriesIndex;
use arrow::array::ArrayRef;
use catalog::Database;
use model::{ColumnId, Result, Sequence, SeriesId, Table};
use parking_lot::RwLock;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Series of a page.
const PAGE: usize = if cfg!(test) { 3 } else { 512 };

/// The definitions that values are of; any change of them is another one.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) table: Arc<Table>,
    pub(crate) database: Option<Arc<Database>>,
}

impl Definition {
    /// Whether nothing changed between two.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let same_database = match (&self.database, &other.database) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        Arc::ptr_eq(&self.table, &other.table) && same_database
    }
}

/// One column of a page. A column that a page does not have is not known of its series.
#[derive(Debug)]
struct PageColumn {
    id: ColumnId,
    /// `None`: each value is in the newest row of its series.
    newest: Option<NewestList>,
    values: ArrayRef,
}

#[derive(Debug)]
struct Page {
    rows: NewestList,
    columns: Vec<PageColumn>,
    charge: PageCharge,
}

/// What is known at one number.
#[derive(Debug)]
pub(crate) struct LastValues {
    pub(crate) at: Sequence,
    pub(crate) definition: Definition,
    /// All that some page has.
    columns: Vec<ColumnId>,
    pages: BTreeMap<usize, Arc<Page>>,
    /// Series with greater ids were made later: all of their rows came after `at`.
    ids: u32,
}

fn page_of(id: SeriesId) -> usize {
    id.0 as usize / PAGE
}

impl LastValues {
    /// Nothing is known of the series with ids below `ids`.
    pub(super) fn unknown(definition: Definition, at: Sequence, ids: u32) -> Self {
        Self { at, definition, columns: Vec::new(), pages: BTreeMap::new(), ids }
    }

    pub(super) fn columns(&self) -> &[ColumnId] {
        &self.columns
    }

    /// What its pages take.
    pub(super) fn bytes(&self) -> u64 {
        self.pages.values().map(|page| page.charge.bytes()).sum()
    }

    /// What those of its pages take that another has not.
    pub(super) fn bytes_beside(&self, other: &Self) -> u64 {
        let is_shared = |(number, page): &(&usize, &Arc<Page>)| {
            other.pages.get(number).is_some_and(|theirs| Arc::ptr_eq(theirs, page))
        };
        self.pages.iter().filter(|page| !is_shared(page)).map(|(_, page)| page.charge.bytes()).sum()
    }

    /// What is known of some series, ascending by id, and columns.
    pub(super) fn load(&self, ids: Vec<SeriesId>, columns: &[ColumnId]) -> Result<Working> {
        let mut working = Working::unknown(&self.definition.table, ids, columns)?;
        let pages: Vec<(usize, usize)> =
            (working.ids.iter().map(|id| page_of(*id))).fold(Vec::new(), |mut runs: Vec<(usize, usize)>, page| {
                match runs.last_mut() {
                    Some((last, count)) if *last == page => *count += 1,
                    _ => runs.push((page, 1)),
                }
                runs
            });
        let mut first = 0;
        for (number, count) in pages {
            let places = first..first + count;
            first += count;
            let page = self.pages.get(&number);
            for at in places.clone() {
                let Some(id) = working.ids.get(at).copied() else { continue };
                let known = match page {
                    _ if id.0 >= self.ids => Newest::NEVER,
                    Some(page) => page.rows.get(id.0 as usize % PAGE),
                    None => Newest::Unknown,
                };
                if let Some(row) = working.rows.get_mut(at) {
                    *row = known;
                }
            }
            for column in &mut working.columns {
                let stored = page.and_then(|page| page.columns.iter().find(|stored| stored.id == column.id));
                let array = stored.map(|stored| column.add(stored.values.clone()));
                for at in places.clone() {
                    let Some(id) = working.ids.get(at).copied() else { continue };
                    let inside = id.0 as usize % PAGE;
                    let known = match (stored, page) {
                        _ if id.0 >= self.ids => Newest::NEVER,
                        (Some(PageColumn { newest: Some(newest), .. }), _) => newest.get(inside),
                        (Some(_), Some(page)) => page.rows.get(inside),
                        _ => Newest::Unknown,
                    };
                    match (known, array) {
                        (Newest::At(time), Some(array)) => column.set(at, time, array, inside),
                        (known, _) => column.clear(at, known),
                    }
                }
            }
        }
        Ok(working)
    }

    /// The same at a later number: what was written since is put on top, and what was found there
    /// is taken over.
    pub(super) fn brought_up(
        &self,
        at: Sequence,
        ids: u32,
        since: &Prepared,
        series: &RwLock<SeriesIndex>,
        found: &[Working],
        pool: &Arc<LastPool>,
    ) -> Result<Self> {
        let mut columns = self.columns.clone();
        for id in found.iter().flat_map(|working| &working.columns).map(|column| column.id) {
            if !columns.contains(&id) {
                columns.push(id);
            }
        }
        let ids = ids.max(self.ids);
        let mut found_by_page: BTreeMap<usize, Vec<&Working>> = BTreeMap::new();
        for working in found {
            let mut numbers: Vec<usize> = working.ids.iter().map(|id| page_of(*id)).collect();
            numbers.dedup();
            for number in numbers {
                found_by_page.entry(number).or_default().push(working);
            }
        }
        let mut pages = BTreeMap::new();
        // Of series that were made since, all is known.
        let made = if columns.is_empty() { self.ids..self.ids } else { self.ids..ids };
        let made = made.map(|id| page_of(SeriesId(id)));
        let numbers: BTreeSet<usize> = self.pages.keys().chain(found_by_page.keys()).copied().chain(made).collect();
        for number in numbers {
            let here = found_by_page.get(&number).map_or(&[][..], Vec::as_slice);
            let old = self.pages.get(&number);
            let members = page_ids(number, ids);
            if let Some(old) = old
                && here.is_empty()
                && members.len() == page_ids(number, self.ids).len()
                && !since.touches(&members)
            {
                pages.insert(number, old.clone());
                continue;
            }
            let mut working = self.load(members, &columns)?;
            since.apply(series, &mut working);
            here.iter().for_each(|found| working.take_over(found));
            pages.insert(number, Arc::new(Page::new(&working, pool)?));
        }
        Ok(Self { at, definition: self.definition.clone(), columns, pages, ids })
    }
}

fn page_ids(page: usize, ids: u32) -> Vec<SeriesId> {
    let first = page * PAGE;
    (first..first + PAGE).filter_map(|id| u32::try_from(id).ok()).filter(|id| *id < ids).map(SeriesId).collect()
}

impl Page {
    fn new(working: &Working, pool: &Arc<LastPool>) -> Result<Self> {
        let places: Vec<usize> = (0..working.ids.len()).collect();
        let rows: NewestList = working.rows.iter().copied().collect();
        let mut bytes = size_of::<Self>() + rows.bytes();
        let mut columns = Vec::with_capacity(working.columns.len());
        for column in working.columns.iter().filter(|column| column.newest.iter().any(|n| *n != Newest::Unknown)) {
            let as_rows = column.newest.iter().zip(&working.rows).all(|(value, row)| value == row);
            let newest = (!as_rows).then(|| column.newest.iter().copied().collect::<NewestList>());
            let values = column.values(&places, |_| true)?;
            bytes += size_of::<PageColumn>() + values.get_array_memory_size();
            bytes += newest.as_ref().map_or(0, NewestList::bytes);
            columns.push(PageColumn { id: column.id, newest, values });
        }
        columns.shrink_to_fit();
        Ok(Self { rows, columns, charge: pool.charge(bytes) })
    }
}
