//! The bytes that stand beside the columns: footer pairs and run directory. They are part of the
//! storage format.

use super::{every_type, side_path};
use crate::segment::directory::{Directory, DirectoryBuilder, KeyMark, SegmentRun};
use crate::segment::footer::{ExtraColumn, Footer, StoredColumn};
use crate::segment::side::SideFile;
use crate::segment::type_name::type_name;
use files::{Files, ForgetfulFiles};
use model::{ColumnId, ColumnRole, DataType, KeyBytes, KeyHash, Sequence, TableId, TimeBounds, TimeUnit};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_pairs_of_a_footer_stand() {
    let column = |role, id, data_type| StoredColumn { role, id: ColumnId(id), data_type };
    let footer = Footer {
        segment: 5,
        table: TableId(7),
        schema_version: 3,
        partition: -864_000,
        sequences: (Sequence(100), Sequence(200)),
        all_replace: false,
        columns: vec![
            column(ColumnRole::Key, 9, DataType::Text(None)),
            column(ColumnRole::Time, 1, DataType::Instant(TimeUnit::Microsecond)),
            column(ColumnRole::Field, 2, DataType::Decimal { precision: 10, scale: 2 }),
        ],
        extra: vec![ExtraColumn::Kind, ExtraColumn::Absent],
    };
    let pairs = footer.to_key_values();
    let said: Vec<String> = pairs.iter().map(|p| format!("{} = {}", p.key, p.value.as_deref().unwrap())).collect();
    let expected = [
        "chronoglot.format = 1",
        "chronoglot.segment = 5",
        "chronoglot.table = 7",
        "chronoglot.schema_version = 3",
        "chronoglot.partition = -864000",
        "chronoglot.sequences = 100 200",
        "chronoglot.all_replace = false",
        "chronoglot.columns = key 9 text, time 1 instant(6), field 2 decimal(10 2)",
        "chronoglot.extra = kind, absent",
    ];
    assert_eq!(said, expected);
    assert_eq!(Footer::from_key_values(&pairs, "5.parquet").unwrap(), footer);
    let names: Vec<String> = every_type().into_iter().map(type_name).collect();
    let expected = "boolean, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, decimal(5 2), \
                    decimal(18 0), decimal(38 10), decimal(3 -2), text, text(20 bytes), text(20 characters), binary, \
                    binary(20), json, geometry, date, time, interval, uuid, inet, instant(3), instant(6), instant(9), \
                    datetime(3), datetime(6), datetime(9)";
    assert_eq!(names.join(", "), expected);
}

#[test]
fn a_type_of_a_newer_version_is_no_type() {
    let mut pairs = Footer {
        segment: 5,
        table: TableId(7),
        schema_version: 3,
        partition: 0,
        sequences: (Sequence(1), Sequence(2)),
        all_replace: true,
        columns: vec![StoredColumn { role: ColumnRole::Field, id: ColumnId(2), data_type: DataType::Int64 }],
        extra: Vec::new(),
    }
    .to_key_values();
    for pair in &mut pairs {
        pair.value = pair.value.take().map(|value| value.replace("int64", "array(int64)"));
    }
    let error = Footer::from_key_values(&pairs, "5.parquet").unwrap_err();
    assert!(error.to_string().starts_with("5.parquet"), "{error}");
}

fn side(directory: Directory) -> String {
    let files = ForgetfulFiles::new();
    let side = SideFile {
        segment_bytes: 300,
        segment_checksum: u64::MAX,
        block_checksums: vec![1, 258],
        directory,
        aggregates: None,
    };
    side.write(&files, "5.parquet").unwrap();
    let file = files.open(side_path()).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(0, &mut bytes).unwrap();
    hex(&bytes)
}

#[test]
fn the_bytes_of_a_run_directory_stand() {
    let run = SegmentRun { key_hash: KeyHash(258), first_row: 0, rows: 300, time: TimeBounds { first: -1, last: 300 } };
    let expected = "434752554e53000194cd012ccfffffffffffffffff9201cd010281a65365726965739194c4100000000000000000000000000000\
                    010200cd012c92ffcd012c9d315065e1710cfd";
    assert_eq!(side(Directory::Series(vec![run])), expected);
    let mark = KeyMark { row: 8_192, key: KeyBytes([1, 255].into()) };
    let expected =
        "434752554e53000194cd012ccfffffffffffffffff9201cd010281a54b657965649192cd2000c40201ff16f9da9013d44ed9";
    assert_eq!(side(Directory::Keyed(vec![mark])), expected);
    let mut keys = DirectoryBuilder::new(false);
    keys.keys(&[KeyBytes([1, 255].into()), KeyBytes([2].into())]);
    let expected = "434752554e53000194cd012ccfffffffffffffffff9201cd010281ac46696c74657265644b65797392919200c40201ffc420400000\
                    0444000000000102000000000904000400408000000201000000080004227006ee9f983144";
    assert_eq!(side(keys.finish()), expected);
}
