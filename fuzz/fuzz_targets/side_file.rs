#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| segments::fuzzing::side_file(bytes));
