//! What holds the members of packs together: whatever of a pack is no member that its table's check
//! has read.

use super::{CheckReport, Fault, Remedy, Steps, reason_of};
use catalog::Catalog;
use files::{Files, PackFault, io_error, member_ranges, pack_of, verify_pack};
use std::collections::{BTreeMap, HashSet};
use std::io;
use std::ops::Range;
use std::path::Path;

/// Checks them; members were checked before.
pub(crate) fn check(files: &dyn Files, catalog: &Catalog, report: &mut CheckReport, steps: &mut Steps<'_>) {
    let mut packs: BTreeMap<&str, BTreeMap<u64, (Range<u64>, &str)>> = BTreeMap::new();
    let manifests: Vec<_> = catalog.manifests().collect();
    for path in manifests.iter().flat_map(|(_, manifest)| manifest.files()) {
        let Some(pack) = pack_of(path) else { continue };
        let parts = member_ranges(path).into_iter().map(|part| (part.start, (part, path)));
        packs.entry(pack).or_default().extend(parts);
    }
    let told: HashSet<String> = report.faults.iter().map(|fault| fault.file.clone()).collect();
    for (pack, parts) in packs {
        steps.next(pack, 0);
        let path = Path::new(pack);
        let known: Vec<Range<u64>> = parts.values().map(|(part, _)| part.clone()).collect();
        let found = match files.open(path).and_then(|file| verify_pack(&*file, pack, &known)) {
            Ok(found) => found,
            // Each of its members was missing.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                let remedy = Remedy::ByHand("see to it that the file can be read, then check again");
                let reason = reason_of(io_error("read", path, &error));
                report.faults.push(Fault { file: pack.to_owned(), reason, affected: Vec::new(), remedy });
                continue;
            }
        };
        for fault in found {
            let reason = match &fault {
                PackFault::Frame(reason) => (*reason).to_owned(),
                PackFault::Part(part) => {
                    let member = parts.get(&part.start).map(|(_, path)| *path);
                    let is_told = |path: &str| told.contains(path) || told.contains(&format!("{path}.runs"));
                    if member.is_some_and(is_told) {
                        continue;
                    }
                    format!("bytes {} to {} are not what was written", part.start, part.end)
                }
            };
            let file = pack.to_owned();
            report.faults.push(Fault { file, reason, affected: Vec::new(), remedy: Remedy::Repack });
        }
    }
}
