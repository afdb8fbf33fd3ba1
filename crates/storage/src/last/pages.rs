//! What is known at one number of the newest row and values of a table's series: pages of
//! neighbouring ids, shared between the states that have them alike.

use super::known::{Found, Known, in_id_order};
use super::newest::Newest;
use super::overlay::Prepared;
use super::pool::{LastPool, PageCharge};
use super::working::Working;
use crate::series_index::SeriesIndex;
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

#[derive(Debug)]
struct Page {
    known: Known,
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
                    Some(page) => page.known.row(id.0 as usize % PAGE),
                    None => Newest::Unknown,
                };
                if let Some(row) = working.rows.get_mut(at) {
                    *row = known;
                }
            }
            for column in &mut working.columns {
                let stored = page.and_then(|page| page.known.column(column.id));
                let array = stored.map(|stored| column.add(stored.values().clone()));
                for at in places.clone() {
                    let Some(id) = working.ids.get(at).copied() else { continue };
                    let inside = id.0 as usize % PAGE;
                    let known = match stored {
                        _ if id.0 >= self.ids => Newest::NEVER,
                        Some(stored) => stored.newest(inside),
                        None => Newest::Unknown,
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
        found: &[Found],
        pool: &Arc<LastPool>,
    ) -> Result<Self> {
        let mut columns = self.columns.clone();
        for id in found.iter().flat_map(Found::columns) {
            if !columns.contains(&id) {
                columns.push(id);
            }
        }
        let ids = ids.max(self.ids);
        let found_ids = in_id_order(found);
        let found_by_page: BTreeMap<usize, &[_]> = found_ids
            .chunk_by(|(a, ..), (b, ..)| page_of(*a) == page_of(*b))
            .filter_map(|here| Some((page_of(here.first()?.0), here)))
            .collect();
        let mut pages = BTreeMap::new();
        // Of series that were made since, all is known.
        let made = if columns.is_empty() { self.ids..self.ids } else { self.ids..ids };
        let made = made.map(|id| page_of(SeriesId(id)));
        let numbers: BTreeSet<usize> = self.pages.keys().chain(found_by_page.keys()).copied().chain(made).collect();
        for number in numbers {
            let here = found_by_page.get(&number).copied().unwrap_or_default();
            if let Some(old) = self.pages.get(&number)
                && here.is_empty()
                && page_length(number, ids) == page_length(number, self.ids)
                && !since.touches(page_ids(number, ids))
            {
                pages.insert(number, old.clone());
                continue;
            }
            let mut working = self.load(page_ids(number, ids).collect(), &columns)?;
            since.apply(series, &mut working);
            working.take_over(found, here);
            let known = Known::new(&working)?;
            let charge = pool.charge(size_of::<Page>() + known.bytes());
            pages.insert(number, Arc::new(Page { known, charge }));
        }
        Ok(Self { at, definition: self.definition.clone(), columns, pages, ids })
    }
}

fn page_ids(page: usize, ids: u32) -> impl Iterator<Item = SeriesId> + Clone {
    let bound = |first: usize| u32::try_from(first).unwrap_or(u32::MAX).min(ids);
    (bound(page * PAGE)..bound((page + 1) * PAGE)).map(SeriesId)
}

/// How many series a page has.
fn page_length(page: usize, ids: u32) -> usize {
    page_ids(page, ids).size_hint().0
}
