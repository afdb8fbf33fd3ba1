//! Packs of which less than half is still named: what is left of them goes into another one, byte
//! for byte, and the manifests name that. So packs take at most twice the bytes that are named, and
//! a table at rest does not keep what was written with it. Where nothing is to lie in packs any
//! more, segments go from them to files of their own.

use crate::catalogue_commit::put_manifests;
use crate::flush::remove_members;
use crate::packing::{Packing, member, write_own};
use crate::segment::{self, Segment};
use crate::store::Store;
use crate::table_state::TableState;
use catalog::{PackedSeries, SegmentEntry, TableManifest};
use files::{Files, io_error, member_ranges, pack_of, read_whole};
use model::{Result, Sequence, TableId};
use segments::remove_segment;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Bytes that are moved with one commit, about.
const MOVED_BYTES: u64 = 32 << 20;

/// Rewrites packs until none is sparse.
///
/// # Errors
/// The first of those of the disk, naming the file; what could not be moved stays where it is, and
/// keeps nothing else from being moved.
pub(super) fn repack(store: &Store, runtime: &Runtime) -> Result<()> {
    let mut result = if store.options.pack_bytes == 0 { unpack(store, runtime) } else { Ok(()) };
    let mut tried = BTreeSet::new();
    loop {
        let sparse = store.packs.sparse().map_err(|e| io_error("look at", Path::new(files::PACKS), &e))?;
        let mut bytes = 0;
        let some = sparse.into_iter().filter(|pack| !tried.contains(&pack.path)).take_while(|pack| {
            bytes += pack.bytes;
            bytes - pack.bytes < MOVED_BYTES
        });
        let some: BTreeSet<String> = some.map(|pack| pack.path).collect();
        if some.is_empty() {
            return result;
        }
        if store.compactor.is_ending() {
            return Err(crate::background::ended());
        }
        if empty(store, runtime, &some).is_err() {
            // One of them: the others need not wait for it.
            for pack in &some {
                let emptied = empty(store, runtime, &BTreeSet::from([pack.clone()]));
                // It may have gone meanwhile, with the last that was named of it.
                if emptied.is_err() && is_named(store, pack) {
                    result = result.and(emptied);
                }
            }
        }
        // Views may hold what was moved for a while.
        tried.extend(some);
    }
}

fn is_named(store: &Store, pack: &str) -> bool {
    store.catalog.snapshot().manifests().any(|(_, manifest)| manifest.files().any(|path| pack_of(path) == Some(pack)))
}

/// Whether a look at the packs is due before anything changes.
pub(super) fn is_due(store: &Store) -> bool {
    let snapshot = store.catalog.snapshot();
    let to_unpack = || snapshot.manifests().any(|(_, manifest)| packed(manifest).next().is_some());
    // What cannot be looked at now is looked at later, and told then.
    (store.options.pack_bytes == 0 && to_unpack()) || store.packs.sparse().is_ok_and(|sparse| !sparse.is_empty())
}

fn packed(manifest: &TableManifest) -> impl Iterator<Item = &SegmentEntry> {
    manifest.segments.iter().filter(|entry| pack_of(&entry.path).is_some())
}

/// Gives every table files of its own, one table after the other; the first error.
fn unpack(store: &Store, runtime: &Runtime) -> Result<()> {
    let mut result = Ok(());
    for (id, manifest) in store.catalog.snapshot().manifests() {
        let Some(state) = packed(manifest).next().and_then(|_| store.table(id).ok()) else { continue };
        if store.compactor.is_ending() {
            return Err(crate::background::ended());
        }
        result = result.and(unpack_table(store, runtime, state, manifest));
    }
    result
}

fn unpack_table(store: &Store, runtime: &Runtime, state: Arc<TableState>, manifest: &TableManifest) -> Result<()> {
    let files = store.files.as_ref();
    let mut moved = HashMap::new();
    for entry in packed(manifest) {
        let path = segment::path(state.id, entry.id);
        let parts = [read(files, &entry.path)?, read(files, &format!("{}.runs", entry.path))?];
        write_own(files, &state, &path, &parts)?;
        moved.insert(entry.path.clone(), path);
    }
    let used = rename(store, runtime, vec![state], &moved)?;
    // What changed meanwhile is elsewhere by now.
    moved.values().filter(|path| !used.contains(*path)).try_for_each(|path| remove_segment(files, path))
}

/// Moves what the manifests name of some packs.
fn empty(store: &Store, runtime: &Runtime, packs: &BTreeSet<String>) -> Result<()> {
    let catalog = store.catalog.snapshot();
    let is_in = |path: &str| pack_of(path).is_some_and(|pack| packs.contains(pack));
    let mut packing = Packing::new(store, runtime);
    let mut tables = Vec::new();
    let mut moved = HashMap::new();
    for (id, manifest) in catalog.manifests() {
        let paths: Vec<&str> = manifest.files().filter(|path| is_in(path)).collect();
        if paths.is_empty() {
            continue;
        }
        // Dropped this moment.
        let Ok(state) = store.table(id) else { continue };
        for path in paths {
            let name = copy(store.files.as_ref(), &mut packing, id, path)?;
            moved.insert(path.to_owned(), name);
        }
        tables.push(state);
    }
    let Some(pack) = packing.finish()? else { return Ok(()) };
    let moved = moved.into_iter().map(|(path, name)| Ok((path, member(Some(&pack), &name)?)));
    let moved: HashMap<String, String> = moved.collect::<Result<_>>()?;
    store.packs.name(moved.values().map(String::as_str));
    let used = rename(store, runtime, tables, &moved)?;
    // What changed meanwhile is elsewhere by now.
    remove_members(store.files.as_ref(), moved.values().map(String::as_str).filter(|path| !used.contains(*path)));
    Ok(())
}

/// Copies a member with what lies beside it.
fn copy(files: &dyn Files, packing: &mut Packing<'_>, table: TableId, path: &str) -> Result<String> {
    let beside = format!("{path}.runs");
    let parts = [path, &beside].into_iter().take(member_ranges(path).len()).map(|path| read(files, path));
    let parts: Vec<Vec<u8>> = parts.collect::<Result<_>>()?;
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let ending = path.rsplit('.').next().unwrap_or_default();
    packing.put(table, &parts, ending)
}

fn read(files: &dyn Files, path: &str) -> Result<Vec<u8>> {
    read_whole(files, Path::new(path)).map_err(|e| io_error("read", Path::new(path), &e))
}

/// Commits the new places; which of them are named now.
fn rename(
    store: &Store,
    runtime: &Runtime,
    mut tables: Vec<Arc<TableState>>,
    moved: &HashMap<String, String>,
) -> Result<BTreeSet<String>> {
    tables.sort_by_key(|state| state.id);
    let files: Vec<_> = tables.iter().map(|state| state.files.lock()).collect();
    let catalog = store.catalog.snapshot();
    let mut manifests = Vec::new();
    let mut next: BTreeMap<TableId, Vec<Arc<Segment>>> = BTreeMap::new();
    for state in &tables {
        let Some(table) = catalog.table(state.id) else { continue };
        let memory = state.memory.read().view(Sequence::MAX);
        let segment = |segment: &Arc<Segment>| match moved.get(&segment.entry.path) {
            Some(path) => {
                let entry = SegmentEntry { path: path.clone(), ..segment.entry.clone() };
                Segment::new(entry, table.clone(), store.files.clone(), store.footers.clone())
            }
            None => segment.clone(),
        };
        let segments: Vec<Arc<Segment>> = memory.segments.iter().map(segment).collect();
        let now = catalog.manifest(state.id);
        let place = |path: &String| moved.get(path).unwrap_or(path).clone();
        let packed_series = now.packed_series.as_ref().map(|packed| PackedSeries {
            mark: packed.mark,
            checkpoint: place(&packed.checkpoint),
            series_file: packed.series_file.as_ref().map(place),
        });
        let entries = segments.iter().map(|segment| segment.entry.clone()).collect();
        let manifest = TableManifest { segments: entries, packed_series, ..TableManifest::clone(&now) };
        manifests.push((state.id, manifest, memory.flushed));
        next.insert(state.id, segments);
    }
    let named: HashMap<TableId, TableManifest> =
        manifests.iter().map(|(id, manifest, _)| (*id, manifest.clone())).collect();
    let there = put_manifests(runtime, store.catalog.as_ref(), manifests)?;
    let mut used = BTreeSet::new();
    let mut gone = Vec::new();
    let is_moved = |path: &str| moved.contains_key(path);
    for state in tables.iter().filter(|state| there.contains(&state.id)) {
        let (Some(segments), Some(manifest)) = (next.remove(&state.id), named.get(&state.id)) else { continue };
        let mut memory = state.memory.write();
        let older: Vec<Arc<Segment>> =
            memory.segments().iter().filter(|segment| is_moved(&segment.entry.path)).cloned().collect();
        if !older.is_empty() && memory.compacted(&older, segments, &manifest.tombstones) {
            drop(memory);
            used.extend(manifest.segments.iter().map(|entry| entry.path.clone()));
            older.iter().for_each(|segment| segment.doom());
        }
        let mut packed = state.packed_series.lock();
        // Gone where the table was dropped meanwhile.
        if packed.is_some() && *packed != manifest.packed_series {
            used.extend(manifest.packed_series.iter().flat_map(PackedSeries::files).map(str::to_owned));
            let before = std::mem::replace(&mut *packed, manifest.packed_series.clone());
            gone.extend(before.iter().flat_map(PackedSeries::files).filter(|path| is_moved(path)).map(str::to_owned));
        }
    }
    drop(files);
    remove_members(store.files.as_ref(), gone.iter().map(String::as_str));
    Ok(used)
}
