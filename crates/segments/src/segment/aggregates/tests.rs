use super::build::SegmentAggregates;
use super::*;
use crate::segment::tests::table;
use crate::{ChunkColumn, RowKind, RowKinds, SegmentIdentity, SegmentRows, SeriesKeys};
use arrow::array::{Float32Array, Int16Array};
use model::{Cells, ColumnRole, Sequence, TableKind, TimeUnit};

const INT: ColumnId = ColumnId(2);
const FLOAT: ColumnId = ColumnId(3);
const SHORT: ColumnId = ColumnId(4);
const SMALL: ColumnId = ColumnId(5);

/// Aggregates of rows of series, given as times each; values by the number of the row.
fn aggregates(
    runs: &[&[i64]],
    int: impl Fn(usize) -> Option<i64>,
    float: impl Fn(usize) -> Option<f64>,
) -> Option<Aggregates> {
    let table = table(
        TableKind::Series,
        &[
            (ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond)),
            (ColumnRole::Field, DataType::Int64),
            (ColumnRole::Field, DataType::Float64),
            (ColumnRole::Field, DataType::Float32),
            (ColumnRole::Field, DataType::Int16),
        ],
    );
    let times: Vec<i64> = runs.concat();
    let rows = times.len();
    let column = |id, data_type, values: ArrayRef| ChunkColumn { id, data_type, cells: Cells::present(values) };
    let ints: Int64Array = (0..rows).map(&int).collect();
    let floats: Float64Array = (0..rows).map(&float).collect();
    #[expect(clippy::cast_possible_truncation, reason = "any float will do")]
    let shorts: Float32Array = (0..rows).map(|row| float(row).map(|float| float as f32)).collect();
    let smalls: Int16Array = (0..rows).map(|row| i16::try_from(row).ok()).collect();
    let rows = SegmentRows {
        sequences: (Sequence(1), Sequence(1)),
        identity: SegmentIdentity::Series {
            keys: Arc::new(SeriesKeys::default()),
            runs: runs.iter().enumerate().map(|(key, times)| (key, times.len())).collect(),
            times,
        },
        kinds: RowKinds::All(RowKind::Replace),
        columns: vec![
            column(INT, DataType::Int64, Arc::new(ints)),
            column(FLOAT, DataType::Float64, Arc::new(floats)),
            column(SHORT, DataType::Float32, Arc::new(shorts)),
            column(SMALL, DataType::Int16, Arc::new(smalls)),
        ],
    };
    let types = rows.columns.iter().map(|column| (column.id, column.data_type));
    let mut made = SegmentAggregates::new(&table, types)?;
    made.add(&rows);
    Some(Aggregates::from_bytes(&made.finish().unwrap()?).unwrap())
}

fn integers(values: &ArrayRef) -> Vec<Option<i64>> {
    cast(values, &Arrow::Int64).unwrap().as_primitive::<Int64Type>().iter().collect()
}

fn floats(values: &ArrayRef) -> Vec<Option<f64>> {
    cast(values, &Arrow::Float64).unwrap().as_primitive::<Float64Type>().iter().collect()
}

#[test]
fn cells_are_as_long_as_their_rows_ask_for() {
    // Hours of 1,000: many rows in each; fewer; a row now and then; next to none.
    let dense: Vec<i64> = (0..20).map(|row| row * 200).collect();
    let middling: Vec<i64> = (0..12).map(|row| -6_000 + row * 1_000).collect();
    let sparse: Vec<i64> = (0..6).map(|row| row * 9_000).collect();
    let rare: Vec<i64> = (0..3).map(|row| row * 90_000).collect();
    let made = aggregates(&[&dense, &middling, &sparse, &rare], |row| Some(row as i64), |_| None).unwrap();
    let of = |run| made.cells_of(run).unwrap().map(|cell| (made.times(cell).unwrap(), made.rows(cell).unwrap()));
    let cells: Vec<Vec<_>> =
        (0..4).map(|run| of(run).map(|(time, rows)| (time.first, time.last, rows)).collect()).collect();
    let expected: Vec<Vec<(i64, i64, i64)>> = vec![
        vec![(0, 800, 5), (1_000, 1_800, 5), (2_000, 2_800, 5), (3_000, 3_800, 5)],
        vec![(-6_000, -1_000, 6), (0, 5_000, 6)],
        vec![(0, 18_000, 3), (27_000, 45_000, 3)],
        vec![],
    ];
    assert_eq!(cells, expected);
    assert_eq!(made.cells_of(4), None);
}

#[test]
fn cells_say_what_their_rows_say() {
    let times: Vec<i64> = (0..15).map(|row| row * 200).collect();
    let int = |row: usize| (row != 7 && row < 10).then_some([5, -3, 9, 9, 1, 0, 2, 8, i64::MAX, 4, 0][row.min(10)]);
    let float = |row: usize| Some([2.5, -1.25, 100.0][row % 3]);
    let made = aggregates(&[&times], int, float).unwrap();
    let cells = || 0..3;
    let values = |id, data_type, statistic| made.values(id, data_type, statistic, cells()).unwrap();
    assert_eq!(cells().map(|cell| made.count(INT, cell).unwrap()).collect::<Vec<_>>(), [5, 4, 0]);
    assert_eq!(integers(&values(INT, DataType::Int64, Statistic::Least)), [Some(-3), Some(0), None]);
    assert_eq!(integers(&values(INT, DataType::Int64, Statistic::Greatest)), [Some(9), Some(i64::MAX), None]);
    // 0 + 2 + i64::MAX + 4 is too much.
    assert!(made.knows(INT, false) && !made.knows(INT, true));
    for (id, data_type) in [(FLOAT, DataType::Float64), (SHORT, DataType::Float32)] {
        assert!(made.knows(id, false) && !made.knows(id, true));
        let least = values(id, data_type, Statistic::Least);
        assert_eq!(*least.data_type(), arrow_type(data_type));
        assert_eq!(floats(&least), [Some(-1.25); 3]);
        assert_eq!(floats(&values(id, data_type, Statistic::Greatest)), [Some(100.0); 3]);
    }
    let sums = values(SMALL, DataType::Int16, Statistic::Sum);
    assert_eq!(integers(&sums), [Some(10), Some(35), Some(60)]);
    assert_eq!(*values(SMALL, DataType::Int16, Statistic::Least).data_type(), Arrow::Int16);
    assert!(!made.knows(ColumnId(1), false));
}

#[test]
fn no_aggregate_speaks_of_nan_or_of_two_zeros() {
    let times: Vec<i64> = (0..15).map(|row| row * 200).collect();
    for odd in [f64::NAN, -0.0] {
        let made = aggregates(&[&times], |_| Some(1), |row| Some(if row == 8 { odd } else { 1.5 })).unwrap();
        assert!(made.knows(INT, true) && !made.knows(FLOAT, false) && !made.knows(SHORT, false));
    }
    let odd = [f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e-300, 0.0];
    let made = aggregates(&[&times], |_| Some(1), |row| Some(odd[row % 5])).unwrap();
    let values = |statistic| floats(&made.values(FLOAT, DataType::Float64, statistic, 0..3).unwrap());
    assert_eq!(values(Statistic::Least), [Some(f64::NEG_INFINITY); 3]);
    assert_eq!(values(Statistic::Greatest), [Some(f64::INFINITY); 3]);
}

#[test]
fn decimals_are_kept_as_small_integers() {
    let times: Vec<i64> = (0..4_000).map(|row| row * 200).collect();
    let bytes = |float: &dyn Fn(usize) -> f64| {
        let made = aggregates(&[&times], |_| None, |row| Some(float(row))).unwrap();
        rmp_serde::to_vec(made.column(FLOAT).unwrap()).unwrap().len()
    };
    let short = bytes(&|row| f64::from(u32::try_from(row * row % 200).unwrap()) / 10.0);
    let long = bytes(&|row| (row as f64).sqrt());
    assert!(short * 5 < long, "{short} and {long}");
}
