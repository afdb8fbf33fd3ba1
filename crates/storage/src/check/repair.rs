//! Setting right what a check found. Nothing is deleted: what is broken goes below `aside/`, and
//! what is changed in place is copied there before. After each step a check finds what is still to be
//! done, so that a repair that is cut short can be made again.

use super::aside::{copy_aside, move_aside};
use super::log::last_readable;
use super::report::{affected_segment, table_name};
use super::{AffectedRows, CheckReport, Remedy};
use crate::catalogue_commit::{commit_blocking, next_id_blocking};
use crate::log::{HEADER_BYTES, begin_empty, log_file_path};
use crate::series_index::{Checkpoints, rebuild};
use crate::{segment, series_file};
use catalog::{CatalogStore, Change, RedbCatalog, SegmentEntry, TableManifest};
use files::{Files, PACKS, PackWriter, PackedFiles, StagedFiles, io_error, pack_of};
use model::{Error, Result, Table, TableId};
use segments::SegmentReader;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

/// What a repair did.
#[derive(Clone, Debug, Default)]
pub struct Repaired {
    /// Each step, for people.
    pub done: Vec<String>,
    /// Faults that are left to a person, or to `cut_log`.
    pub left: Vec<String>,
    /// Rows that are gone, or are there as they were before their newest change.
    pub affected: Vec<AffectedRows>,
}

/// Sets right what a check of the same directory found. The log is only cut with `cut_log`.
///
/// # Errors
/// When a step cannot be made: what was done before it stays.
pub fn repair(files: &Arc<dyn Files>, report: &CheckReport, cut_log: bool) -> Result<Repaired> {
    let files: &Arc<dyn Files> = &(Arc::new(PackedFiles::new(files.clone())) as _);
    let mut repair = Repair { files, repaired: Repaired::default() };
    // Bits first: what they kept from being read may be all that is wrong.
    for fault in &report.faults {
        if let Remedy::FlipBit(bit) = fault.remedy {
            repair.flip(&fault.file, bit)?;
        }
    }
    for fault in &report.faults {
        let step = match fault.remedy {
            Remedy::ByHand(what) => Some(what),
            Remedy::CutLog(..) if !cut_log => Some("the log was not cut: --cut-log ends it there"),
            _ => None,
        };
        repair.repaired.left.extend(step.map(|what| format!("{}: {}; {what}", fault.file, fault.reason)));
    }
    // Without these nothing is known of the rest: to open a catalogue might make one.
    let says_what_there_is = [super::CATALOGUE, super::FORMAT];
    let by_hand = |fault: &super::Fault| {
        matches!(fault.remedy, Remedy::ByHand(_)) && says_what_there_is.contains(&fault.file.as_str())
    };
    if report.faults.iter().any(by_hand) {
        return Ok(repair.repaired);
    }
    let commits = |fault: &super::Fault| {
        matches!(fault.remedy, Remedy::CutLog(..) if cut_log)
            || matches!(fault.remedy, Remedy::DropSegment(..) | Remedy::RebuildSeries(_) | Remedy::Repack)
            || (matches!(fault.remedy, Remedy::Remake(_)) && pack_of(&fault.file).is_some())
    };
    if report.faults.iter().any(commits) {
        copy_aside(files.as_ref(), Path::new(super::CATALOGUE))?;
    }
    let catalog: Arc<dyn CatalogStore> = Arc::new(RedbCatalog::open(files.clone())?);
    for fault in &report.faults {
        match fault.remedy {
            Remedy::CutLog(number, from) if cut_log => {
                repair.cut_log(&catalog, number, from)?;
                repair.repaired.affected.extend(fault.affected.iter().cloned());
            }
            Remedy::DropSegment(table, id) => repair.drop_segment(&catalog, table, id)?,
            _ => {}
        }
    }
    let remade = report.faults.iter().filter_map(|fault| match fault.remedy {
        Remedy::Remake(table) => Some((table, fault.file.as_str())),
        _ => None,
    });
    for (table, file) in remade.collect::<BTreeSet<_>>() {
        repair.remake(&catalog, table, file)?;
    }
    let log_is_whole = cut_log || !report.faults.iter().any(|fault| matches!(fault.remedy, Remedy::CutLog(..)));
    for fault in &report.faults {
        match fault.remedy {
            Remedy::RebuildSeries(table) if log_is_whole => repair.rebuild_series(&catalog, table, &fault.file)?,
            Remedy::RebuildSeries(_) => {
                repair.repaired.left.push(format!("{}: it is made anew from a log that can be read", fault.file));
            }
            _ => {}
        }
    }
    // Last: what is left of a pack is known by now.
    for (pack, remade) in damaged_packs(report) {
        repair.repack(&catalog, pack, &remade)?;
    }
    for leftover in &report.leftovers {
        repair.set_aside(leftover)?;
    }
    Ok(repair.repaired)
}

/// Packs that are not to stay as they are, and segments in them of which what lies beside them is made
/// anew.
fn damaged_packs(report: &CheckReport) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut packs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for fault in &report.faults {
        let pack = pack_of(&fault.file).unwrap_or(&fault.file);
        match fault.remedy {
            Remedy::Repack => drop(packs.entry(pack).or_default()),
            Remedy::DropSegment(..) | Remedy::RebuildSeries(_) if pack != fault.file => {
                packs.entry(pack).or_default();
            }
            Remedy::Remake(_) if pack != fault.file => {
                packs.entry(pack).or_default().extend(fault.file.strip_suffix(".runs"));
            }
            _ => {}
        }
    }
    // What cannot be read cannot be copied.
    for fault in report.faults.iter().filter(|fault| matches!(fault.remedy, Remedy::ByHand(_))) {
        packs.remove(pack_of(&fault.file).unwrap_or(&fault.file));
    }
    packs
}

struct Repair<'a> {
    files: &'a Arc<dyn Files>,
    repaired: Repaired,
}

impl Repair<'_> {
    fn did(&mut self, what: String) {
        self.repaired.done.push(what);
    }

    fn set_aside(&mut self, file: &str) -> Result<()> {
        if let Some(place) = move_aside(self.files.as_ref(), Path::new(file))? {
            self.did(format!("moved {file} to {}", place.display()));
        }
        Ok(())
    }

    fn flip(&mut self, file: &str, bit: u64) -> Result<()> {
        let path = Path::new(file);
        let copy = copy_aside(self.files.as_ref(), path)?;
        let flip = || {
            let file = self.files.open(path)?;
            let mut byte = [0];
            file.read_at(bit / 8, &mut byte)?;
            byte[0] ^= 1 << (bit % 8);
            file.write_at(bit / 8, &byte)?;
            file.sync()
        };
        flip().map_err(|e| io_error("write", path, &e))?;
        self.did(format!("set bit {} of byte {} of {file} right; before: {}", bit % 8, bit / 8, copy.display()));
        Ok(())
    }

    /// The log ends at that byte of a file. The files after it begin anew, without records.
    fn cut_log(&mut self, catalog: &Arc<dyn CatalogStore>, number: u64, from: u64) -> Result<()> {
        let files = self.files.clone();
        let snapshot = catalog.snapshot();
        let last = snapshot.log_files().map_or(number, |log| log.last);
        let path = log_file_path(number);
        let whole_before = from >= HEADER_BYTES as u64;
        if whole_before {
            let copy = copy_aside(files.as_ref(), &path)?;
            let cut = || files.open(&path).and_then(|file| file.set_len(from).and_then(|()| file.sync()));
            cut().map_err(|e| io_error("cut", &path, &e))?;
            self.did(format!("cut {} at byte {from}; before: {}", path.display(), copy.display()));
        }
        let first = if whole_before { number + 1 } else { number };
        let previous = last_readable(files.as_ref(), &snapshot, first)?;
        for number in first..=last {
            let path = log_file_path(number);
            if let Some(place) = move_aside(files.as_ref(), &path)? {
                self.did(format!("moved {} to {}", path.display(), place.display()));
            }
            begin_empty(files.as_ref(), number, previous)?;
        }
        Ok(())
    }

    fn drop_segment(&mut self, catalog: &Arc<dyn CatalogStore>, table: TableId, id: u64) -> Result<()> {
        let snapshot = catalog.snapshot();
        let manifest = snapshot.manifest(table);
        let (Some(definition), Some(entry)) =
            (snapshot.table(table), manifest.segments.iter().find(|entry| entry.id == id))
        else {
            return Ok(());
        };
        let affected = affected_segment(&snapshot, definition, entry);
        // A pack goes aside as a whole, later.
        if pack_of(&entry.path).is_none() {
            for file in [entry.path.clone(), format!("{}.runs", entry.path)] {
                self.set_aside(&file)?;
            }
        }
        let segments = manifest.segments.iter().filter(|entry| entry.id != id).cloned().collect();
        let manifest = TableManifest { segments, ..TableManifest::clone(&manifest) };
        commit_blocking(catalog, vec![Change::PutManifest(table, manifest)])?;
        self.did(format!("{} goes on without {}: {affected}", table_name(&snapshot, definition), entry.path));
        self.repaired.affected.push(affected);
        Ok(())
    }

    /// A side file, or the series file for other tools, which the next checkpoint writes.
    fn remake(&mut self, catalog: &Arc<dyn CatalogStore>, table: TableId, file: &str) -> Result<()> {
        let snapshot = catalog.snapshot();
        let manifest = snapshot.manifest(table);
        if pack_of(file).is_some() {
            // A side file is made with the pack.
            let mut manifest = TableManifest::clone(&manifest);
            let lost =
                manifest.packed_series.as_mut().and_then(|packed| packed.series_file.take_if(|path| path == file));
            if lost.is_some() {
                commit_blocking(catalog, vec![Change::PutManifest(table, manifest)])?;
                self.did(format!("{file} is written again when series of its table change"));
            }
            return Ok(());
        }
        self.set_aside(file)?;
        let of = |path: &str| file.strip_suffix(".runs") == Some(path);
        let Some(definition) = snapshot.table(table) else { return Ok(()) };
        if let Some(entry) = manifest.segments.iter().find(|entry| of(&entry.path)) {
            SegmentReader::open(self.files, entry, definition)?;
            let directory = segment::directory(table);
            self.files.sync_directory(&directory).map_err(|e| io_error("sync", &directory, &e))?;
            self.did(format!("made {file} anew"));
        } else if file == series_file::path(table) {
            self.did(format!("{file} is written again when series of {} change", table_name(&snapshot, definition)));
        }
        Ok(())
    }

    fn rebuild_series(&mut self, catalog: &Arc<dyn CatalogStore>, table: TableId, file: &str) -> Result<()> {
        let snapshot = catalog.snapshot();
        let Some(definition) = snapshot.table(table).cloned() else { return Ok(()) };
        let rebuilt = rebuild(self.files, &snapshot, &definition)?;
        if pack_of(file).is_none() {
            self.set_aside(file)?;
        }
        let checkpoints = Checkpoints::new(self.files.as_ref());
        for mark in checkpoints.marks(table)? {
            self.set_aside(&Checkpoints::path(table, mark).display().to_string())?;
        }
        let mut manifest = TableManifest::clone(&snapshot.manifest(table));
        manifest.series = rebuilt.mark;
        manifest.packed_series = None;
        manifest.tombstones.extend(rebuilt.tombstone.clone());
        let reached = rebuilt.tombstone.as_ref().map_or(rebuilt.mark, |tombstone| tombstone.sequence);
        let changes = vec![Change::PutManifest(table, manifest), Change::PutSequence(reached)];
        commit_blocking(catalog, changes).map_err(|error| Error::internal(format!("{file}: {error}")))?;
        // After the deletion that hides rows of unknown series; until it is there it is missing.
        checkpoints.begin(table, rebuilt.mark, |file| rebuilt.write(table, file))?.finish()?;
        let name = table_name(&snapshot, &definition);
        self.did(format!("made the series of {name} anew from {}: {} series", rebuilt.source, rebuilt.series()));
        if let Some(doubt) = rebuilt.doubt {
            self.did(format!("{name}: {doubt}"));
        }
        self.repaired.affected.extend(rebuilt.affected);
        Ok(())
    }

    /// Writes what is named of a pack into another one, and moves it aside. What lies beside some of
    /// its segments is made anew.
    fn repack(&mut self, catalog: &Arc<dyn CatalogStore>, pack: &str, remade: &BTreeSet<&str>) -> Result<()> {
        let snapshot = catalog.snapshot();
        let failed = |e: std::io::Error| io_error("write", Path::new(PACKS), &e);
        let mut writer = PackWriter::begin(self.files.clone(), next_id_blocking(catalog.as_ref())?).map_err(failed)?;
        let mut moved = HashMap::new();
        let mut tables = Vec::new();
        for (id, manifest) in snapshot.manifests() {
            let (Some(table), before) = (snapshot.table(id), moved.len()) else { continue };
            for path in manifest.files().filter(|path| pack_of(path) == Some(pack)) {
                let entry = manifest.segments.iter().find(|entry| entry.path == path);
                let mut parts = vec![read(self.files.as_ref(), path)?];
                if let Some(entry) = entry {
                    parts.push(match remade.contains(path) {
                        true => made_side(&parts, entry, table)?,
                        false => read(self.files.as_ref(), &side(path))?,
                    });
                }
                let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
                let ending = path.rsplit('.').next().unwrap_or_default();
                moved.insert(path.to_owned(), writer.add(id.0, &parts, ending).map_err(failed)?);
            }
            if moved.len() > before {
                tables.push((id, TableManifest::clone(manifest)));
            }
        }
        if !moved.is_empty() {
            let target = writer.finish().map_err(failed)?;
            let place = |path: &mut String| {
                if let Some(name) = moved.get(path.as_str()) {
                    *path = format!("{target}/{name}");
                }
            };
            for (_, manifest) in &mut tables {
                manifest.segments.iter_mut().for_each(|entry| place(&mut entry.path));
                if let Some(packed) = &mut manifest.packed_series {
                    place(&mut packed.checkpoint);
                    packed.series_file.iter_mut().for_each(place);
                }
            }
            let changes = tables.into_iter().map(|(id, manifest)| Change::PutManifest(id, manifest));
            commit_blocking(catalog, changes.collect())?;
            self.did(format!("wrote what is whole of {pack} into {target}"));
        }
        self.set_aside(pack)
    }
}

fn side(path: &str) -> String {
    format!("{path}.runs")
}

fn read(files: &dyn Files, path: &str) -> Result<Vec<u8>> {
    files::read_whole(files, Path::new(path)).map_err(|e| io_error("read", Path::new(path), &e))
}

/// What lies beside a segment, made from it.
fn made_side(segment: &[Vec<u8>], entry: &SegmentEntry, table: &Table) -> Result<Vec<u8>> {
    let staged = Arc::new(StagedFiles::default());
    let path = Path::new(&entry.path);
    let write = || staged.create(path).and_then(|file| file.write_at(0, &segment.concat()));
    write().map_err(|e| io_error("write", path, &e))?;
    SegmentReader::open(&(staged.clone() as Arc<dyn Files>), entry, table)?;
    let made = staged.take(Path::new(&side(&entry.path)));
    made.ok_or_else(|| Error::internal(format!("nothing was made beside {}", entry.path)))
}
