use super::Progress;

#[test]
fn every_file_counts() {
    let folder = tempfile::tempdir().unwrap();
    let files = [3_u64, 20, 5].map(|length| {
        let file = folder.path().join(length.to_string());
        std::fs::write(&file, vec![b'x'; usize::try_from(length).unwrap()]).unwrap();
        file
    });
    let mut progress = Progress::new(&files);
    assert_eq!(progress.total_bytes, 28);
    let mut done = Vec::new();
    for (file, bytes) in files.iter().zip([3, 20, 5]) {
        progress.begin(file);
        done.push(progress.done(bytes));
    }
    assert_eq!(done, [3, 23, 28]);
}
