use super::*;
use arrow::array::{AsArray, TimestampMicrosecondArray};
use arrow::datatypes::{TimeUnit, TimestampMillisecondType};
use proptest::prelude::*;

fn converted(rounding: Rounding, zone: &str, target_zoned: bool, times: ArrayRef) -> Result<ArrayRef> {
    let target = DataType::Timestamp(TimeUnit::Millisecond, target_zoned.then(|| "UTC".into()));
    let signature = Signature::any(1, Volatility::Immutable);
    ConvertTime { target, rounding, zone: zone.into(), signature }.convert(&times)
}

proptest! {
    #[test]
    fn floor_and_ceiling_enclose(times in prop::collection::vec(prop::option::of(-5_000_000i64..5_000_000), 0..20)) {
        let array: ArrayRef = Arc::new(TimestampMicrosecondArray::from(times.clone()));
        let floor = converted(Rounding::Floor, "UTC", false, Arc::clone(&array)).unwrap();
        let ceiling = converted(Rounding::Ceiling, "UTC", false, array).unwrap();
        let (floor, ceiling) = (floor.as_primitive::<TimestampMillisecondType>(), ceiling.as_primitive::<TimestampMillisecondType>());
        for (row, time) in times.iter().enumerate() {
            let Some(time) = time else {
                prop_assert!(floor.is_null(row) && ceiling.is_null(row));
                continue;
            };
            let (low, high) = (floor.value(row) * 1_000, ceiling.value(row) * 1_000);
            prop_assert!(low <= *time && *time <= high && high - low == i64::from(time % 1_000 != 0) * 1_000);
        }
    }
}

#[test]
fn wall_clocks_are_read_in_the_zone() {
    let wall: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![8 * 3_600_000_000]));
    let instant = converted(Rounding::Floor, "Asia/Shanghai", true, Arc::clone(&wall)).unwrap();
    assert_eq!(instant.as_primitive::<TimestampMillisecondType>().value(0), 0);
    let same: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0]).with_timezone("UTC"));
    let local = converted(Rounding::Floor, "+08:00", false, same).unwrap();
    assert_eq!(local.as_primitive::<TimestampMillisecondType>().value(0), 8 * 3_600_000);
    assert!(converted(Rounding::Floor, "Mars/Olympus", true, wall).is_err());
}
