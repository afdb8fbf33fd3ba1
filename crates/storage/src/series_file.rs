//! `segments/<table>/series/series.parquet`: a table's series with their keys and attributes, for
//! other tools that read its segments; in a directory of its own, so that a glob over segments
//! does not meet it; or beside its checkpoint in a pack, where a table has no files of its own. Written with each series checkpoint, and read by the store only where that is
//! lost: a file that is missing or old harms nothing.

use crate::segment;
use crate::series_index::series_column;
use crate::store::Store;
use crate::table_state::TableState;
use crate::view::TableView;
use arrow::array::ArrayRef;
use files::{Files, io_error};
use model::{Column, ColumnRole, Result, Table, TableId};
use std::path::PathBuf;

/// The name of the directory beside a table's segments.
pub(crate) const DIRECTORY: &str = "series";
/// The file in it.
pub(crate) const FILE: &str = "series.parquet";

/// Keys of what is said with it.
pub(crate) const TABLE: &str = "chronoglot.table";
pub(crate) const SEQUENCE: &str = "chronoglot.sequence";
pub(crate) const NEXT_ID: &str = "chronoglot.next_id";
pub(crate) const IDS: &str = "chronoglot.series_ids";
pub(crate) const GENERATIONS: &str = "chronoglot.type_changes";

/// The directory that a table's file lies in.
pub(crate) fn directory(table: TableId) -> PathBuf {
    segment::directory(table).join(DIRECTORY)
}

/// Writes the file as it is to be now.
pub(crate) fn write(store: &Store, state: &TableState) -> Result<()> {
    let Some(contents) = Contents::new(store, state)? else { return Ok(()) };
    let files = store.files.as_ref();
    segment::make_directory(files, state)?;
    let (above, directory) = (segment::directory(state.id), directory(state.id));
    files.create_directory(&directory).map_err(|e| io_error("create", &directory, &e))?;
    files.sync_directory(&above).map_err(|e| io_error("sync", &above, &e))?;
    contents.write(files, &path(state.id))
}

/// The same into a file elsewhere; nothing where there is nothing to say.
pub(crate) fn write_to(files: &dyn Files, path: &str, store: &Store, state: &TableState) -> Result<()> {
    Contents::new(store, state)?.map_or(Ok(()), |contents| contents.write(files, path))
}

/// What it is to hold.
struct Contents {
    view: TableView,
    values: Vec<ArrayRef>,
}

impl Contents {
    /// `None`: one series without anything to say of it.
    fn new(store: &Store, state: &TableState) -> Result<Option<Self>> {
        let view = TableView::new(store, state.id)?;
        let texts = view.series_index().read().texts();
        let (ids, spellings) = (view.snapshot().ids(), view.spellings());
        let column = |column: &Column| series_column(ids, &texts, view.table(), column, spellings.as_ref());
        let values = columns(view.table()).map(column).collect::<Result<Vec<_>>>()?;
        drop(texts);
        Ok((!values.is_empty()).then_some(Self { view, values }))
    }

    fn write(&self, files: &dyn Files, path: &str) -> Result<()> {
        let columns: Vec<&Column> = columns(self.view.table()).collect();
        segments::write_series_file(files, path, &columns, &self.values, &said(&self.view, &columns))
    }
}

fn columns(table: &Table) -> impl Iterator<Item = &Column> {
    table.key_columns().chain(table.columns_with(ColumnRole::Attribute))
}

/// What a lost checkpoint needs beside keys and attributes: which ids the log calls these series
/// by, and how many type changes the attributes have behind them.
fn said(view: &TableView, columns: &[&Column]) -> Vec<(&'static str, String)> {
    let ids: Vec<String> = view.snapshot().ids().iter().map(|id| id.0.to_string()).collect();
    let generation = |column: &&Column| format!("{}:{}", column.id, column.type_changes.len());
    let generations: Vec<String> = columns.iter().map(generation).collect();
    let next_id = view.series_index().read().next_id();
    vec![
        (TABLE, view.table().id.to_string()),
        (SEQUENCE, view.sequence().0.to_string()),
        (NEXT_ID, next_id.to_string()),
        (IDS, ids.join(" ")),
        (GENERATIONS, generations.join(" ")),
    ]
}

/// The path of a table's file.
pub(crate) fn path(table: TableId) -> String {
    directory(table).join(FILE).to_string_lossy().into_owned()
}

/// Removes what a table has there, or only what a crash left unfinished.
pub(crate) fn remove(files: &dyn Files, table: TableId, all: bool) -> Result<()> {
    segment::remove_files(files, &directory(table), |name| all || name.ends_with(".tmp"))
}
