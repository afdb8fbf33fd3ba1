//! Compared with a disk that takes the same changes for real.

use super::OverlayFiles;
use crate::{Files, ForgetfulFiles};
use std::io;
use std::path::Path;
use std::sync::Arc;

fn bytes(files: &dyn Files, path: &Path) -> io::Result<Vec<u8>> {
    let file = files.open(path)?;
    let mut bytes = vec![0; usize::try_from(file.len()?).unwrap()];
    file.read_at(0, &mut bytes)?;
    Ok(bytes)
}

fn below() -> ForgetfulFiles {
    let files = ForgetfulFiles::new();
    files.create_directory(Path::new("d")).unwrap();
    for (name, length) in [("a", 10), ("b", 4096), ("d/c", 10_000)] {
        let content: Vec<u8> = (0..length).map(|i: u32| (i % 251) as u8).collect();
        files.create(Path::new(name)).unwrap().write_at(0, &content).unwrap();
    }
    files
}

fn all(files: &dyn Files) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for directory in ["", "d", "e"] {
        for name in files.list(Path::new(directory)).unwrap() {
            let path = Path::new(directory).join(name);
            if let Ok(bytes) = bytes(files, &path) {
                all.push((path.display().to_string(), bytes));
            }
        }
    }
    all
}

#[test]
fn it_is_seen_as_if_it_were_changed_and_nothing_below_is() {
    let disk = below();
    let before = all(&disk);
    let changed = disk.crash(u64::MAX);
    let overlay = OverlayFiles::new(Arc::new(disk.clone()));
    assert_eq!(all(&overlay), before);
    let mut seed = 7_u64;
    let mut dice = |sides: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % sides
    };
    let names = ["a", "b", "d/c", "x", "d/y"].map(Path::new);
    for step in 0..2_000 {
        let name = names[usize::try_from(dice(5)).unwrap()];
        let other = names[usize::try_from(dice(5)).unwrap()];
        let (action, at, length) = (dice(8), dice(12_000), dice(9_000));
        let results = [&overlay as &dyn Files, &changed].map(|files| match action {
            0 => files.create(name).map(drop),
            1 => files.remove(name),
            2 if name != other => files.rename(name, other),
            3 => files.open(name).and_then(|file| file.set_len(at)),
            _ => files.open(name).and_then(|file| file.write_at(at, &vec![step as u8; length as usize])),
        });
        assert_eq!(results[0].is_ok(), results[1].is_ok(), "step {step}: {results:?}");
        assert_eq!(overlay.exists(name).unwrap(), changed.exists(name).unwrap(), "step {step}");
        if step % 20 == 0 {
            assert_eq!(all(&overlay), all(&changed), "step {step}");
        }
    }
    assert_eq!(all(&disk), before);
}

#[test]
fn a_read_beyond_the_end_is_an_error_as_below() {
    let overlay = OverlayFiles::new(Arc::new(below()));
    let file = overlay.open(Path::new("a")).unwrap();
    for _ in 0..2 {
        let error = file.read_at(5, &mut [0; 6]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        file.write_at(0, b"x").unwrap();
    }
    assert!(overlay.open(Path::new("nothing")).is_err());
    assert!(!overlay.exists(Path::new("nothing")).unwrap());
}
