//! Files that nothing names.

use super::report::shown;
use crate::format::{CATALOGUE, FILE as FORMAT};
use crate::log::{log_file_number, log_file_path};
use crate::series_index::Checkpoints;
use crate::{log, segment, series_file, series_index};
use catalog::Catalog;
use files::{Files, io_error};
use model::{Result, TableId};
use std::collections::HashSet;
use std::path::Path;

/// Files that are looked for: temporary ones, segments and checkpoints that no manifest names, old
/// log files; and in the directories of the store whatever is not of it.
pub(crate) fn find(files: &dyn Files, catalog: &Catalog) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let list = |path: &Path| files.list(path).map_err(|e| io_error("list", path, &e));
    let is_ours = |name: &str| [FORMAT, CATALOGUE].contains(&name);
    let temporary = |name: &str| name.starts_with(FORMAT) || name.starts_with(CATALOGUE);
    found.extend(list(Path::new(""))?.into_iter().filter(|name| !is_ours(name) && temporary(name)));

    let directory = Path::new(log::DIRECTORY);
    let numbers = catalog.log_files().map(|files| files.first..files.last.saturating_add(1)).unwrap_or_default();
    for name in list(directory)? {
        match log_file_number(&name) {
            Some(number) if numbers.contains(&number) => {}
            Some(number) => found.push(shown(log_file_path(number))),
            None => found.push(shown(directory.join(name))),
        }
    }

    let directory = Path::new(series_index::DIRECTORY);
    let newest = Checkpoints::new(files).newest_marks()?;
    for name in list(directory)? {
        let is_newest = match Checkpoints::parse(&name) {
            Some((table, mark)) => catalog.table(table).is_some() && newest.get(&table) == Some(&mark),
            None => false,
        };
        if !is_newest {
            found.push(shown(directory.join(name)));
        }
    }

    for name in list(Path::new(segment::DIRECTORY))? {
        let directory = Path::new(segment::DIRECTORY).join(&name);
        let table = name.parse().ok().map(TableId).filter(|id| catalog.table(*id).is_some());
        let manifest = table.map(|id| catalog.manifest(id)).unwrap_or_default();
        let named: HashSet<String> = manifest
            .segments
            .iter()
            .filter_map(|entry| Some(Path::new(&entry.path).file_name()?.to_string_lossy().into_owned()))
            .flat_map(|segment| [format!("{segment}.runs"), segment])
            .collect();
        for name in list(&directory)?.into_iter().filter(|name| name != series_file::DIRECTORY) {
            if !named.contains(&name) {
                found.push(shown(directory.join(name)));
            }
        }
        let directory = directory.join(series_file::DIRECTORY);
        for name in list(&directory)? {
            if table.is_none() || name != series_file::FILE {
                found.push(shown(directory.join(name)));
            }
        }
    }
    Ok(found)
}
