//! What the fuzz targets' tests share, a dev-dependency alone: each file of a target's corpus below
//! `fuzz/corpus`, and many mutations of it, are given to the target's body. None may panic, or take
//! more memory than a limit that grows with the input.
//!
//! `FUZZ_MUTATIONS=1000000` makes the run longer, `CHRONOGLOT_RECORD=1` writes the corpus anew.

#![allow(clippy::panic, clippy::print_stderr, clippy::expect_used, clippy::missing_panics_doc, reason = "for tests")]

mod memory;
mod mutate;

use memory::peak_during;
use mutate::Dice;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// Mutations of each file unless told otherwise.
const MUTATIONS: u64 = 400;
/// Memory that a body may take for nothing, and for each byte of its input: what is packed may hold much.
const BYTES: usize = 24 << 20;
const BYTES_A_BYTE: usize = 100_000;

/// Gives the corpus of a target to its body. `seeds` are what the corpus is made of.
pub fn corpus(target: &str, seeds: &[(&str, Vec<u8>)], body: impl Fn(&[u8])) {
    let directory = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus")).join(target);
    if std::env::var_os("CHRONOGLOT_RECORD").is_some() {
        fs::create_dir_all(&directory).expect("the directory of the corpus");
        for (name, bytes) in seeds {
            fs::write(directory.join(name), bytes).expect("a file of the corpus");
        }
    }
    let entries = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a file of the corpus").path()).collect();
    paths.sort();
    let files: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).expect("a file of the corpus")).collect();
    assert!(!files.is_empty(), "{} is empty", directory.display());
    let mutations = std::env::var("FUZZ_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(MUTATIONS);
    for (path, bytes) in paths.iter().zip(&files) {
        run(&format!("{}", path.display()), bytes, &body);
        for seed in 0..mutations {
            let mutated = Dice::new(seed).mutate(bytes, &files);
            run(&format!("{} with seed {seed}", path.display()), &mutated, &body);
        }
    }
}

/// Gives one input to a body.
fn run(what: &str, input: &[u8], body: &impl Fn(&[u8])) {
    let (ended, peak) = peak_during(|| catch_unwind(AssertUnwindSafe(|| body(input))));
    let limit = BYTES + input.len() * BYTES_A_BYTE;
    if ended.is_err() || peak > limit {
        let kept = std::env::temp_dir().join("fuzz-input");
        let _ = fs::write(&kept, input);
        eprintln!("{what}: the input is in {}", kept.display());
    }
    assert!(ended.is_ok(), "{what}: it panicked");
    assert!(peak <= limit, "{what}: it took {peak} bytes for {} of input", input.len());
}
