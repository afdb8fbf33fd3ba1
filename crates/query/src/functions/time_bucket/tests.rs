use super::*;
use crate::Profile;
use crate::scan::memory::meters;
use crate::testing::Bench;
use proptest::prelude::*;

fn cutter(width: &str, nanos: i128, zone: &str) -> Cutter {
    Cutter {
        width: BucketWidth::parse(width).unwrap(),
        time: TimeType { nanos, zoned: true },
        zone: time_text::zone(zone).unwrap(),
    }
}

fn second(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_second()
}

fn bucket(width: &str, zone: &str, time: &str) -> String {
    let cut = cutter(width, 1_000_000_000, zone).cut(second(time)).unwrap();
    jiff::Timestamp::from_second(cut).unwrap().to_string()
}

#[test]
fn buckets_are_cut_in_local_time() {
    assert_eq!(bucket("1d", "+08:00", "2024-03-01T17:30:00Z"), "2024-03-01T16:00:00Z");
    assert_eq!(bucket("1d", "UTC", "2024-03-01T17:30:00Z"), "2024-03-01T00:00:00Z");
    assert_eq!(bucket("1w", "UTC", "2024-03-03T17:30:00Z"), "2024-02-26T00:00:00Z", "weeks begin on Monday");
    assert_eq!(bucket("1mon", "+08:00", "2024-02-29T16:00:00Z"), "2024-02-29T16:00:00Z");
    assert_eq!(bucket("5mon", "UTC", "2024-03-31T01:00:00Z"), "2023-12-01T00:00:00Z", "24,275 months since year 1");
    assert_eq!(bucket("10y", "UTC", "2024-03-31T01:00:00Z"), "2021-01-01T00:00:00Z", "decades begin in year 1");
    assert_eq!(bucket("7d", "UTC", "1969-12-31T23:59:59Z"), "1969-12-29T00:00:00Z");
    assert_eq!(bucket("1mon", "UTC", "1969-12-31T23:59:59Z"), "1969-12-01T00:00:00Z");
}

#[test]
fn clock_changes() {
    let zone = "America/New_York";
    // 2024-11-03: from 02:00 EDT back to 01:00 EST at 06:00Z.
    assert_eq!(bucket("30m", zone, "2024-11-03T05:40:00Z"), "2024-11-03T05:30:00Z");
    assert_eq!(bucket("30m", zone, "2024-11-03T06:40:00Z"), "2024-11-03T06:30:00Z");
    assert_eq!(bucket("1d", zone, "2024-11-03T20:00:00Z"), "2024-11-03T04:00:00Z", "the local midnight");
    // 2024-03-10: from 02:00 EST to 03:00 EDT at 07:00Z.
    assert_eq!(bucket("1d", zone, "2024-03-10T20:00:00Z"), "2024-03-10T05:00:00Z");
    assert_eq!(bucket("1mon", zone, "2024-03-20T00:00:00Z"), "2024-03-01T05:00:00Z");
}

proptest! {
    #[test]
    fn plain_arithmetic_cuts_as_the_calendar_does(
        time in -100_000_000_000_000i64..100_000_000_000_000,
        number in 1i64..5_000,
        unit in prop::sample::select(vec!["ms", "s", "m", "h", "d", "w"]),
        zone in prop::sample::select(vec!["UTC", "+08:00", "-03:30"]),
    ) {
        let width = format!("{number}{unit}");
        let cutter = cutter(&width, 1_000_000, zone);
        let (width, shift) = cutter.shift().unwrap();
        let fast = time - (time.rem_euclid(width) + shift).rem_euclid(width);
        prop_assert_eq!(Some(fast), cutter.cut(time));
        prop_assert!(fast <= time && time < fast + width);
    }

    #[test]
    fn months_hold_their_times(time in -60_000_000_000i64..100_000_000_000, months in 1i32..50) {
        let cutter = cutter(&format!("{months}mon"), 1_000_000_000, "+08:00");
        let start = cutter.cut(time).unwrap();
        prop_assert!(start <= time);
        prop_assert_eq!(cutter.cut(start), Some(start));
        let next = cutter.cut(start + i64::from(months) * 31 * 86_400 + 86_400).unwrap();
        prop_assert!(time < next);
    }
}

#[tokio::test]
async fn in_queries() {
    let profile = Profile::builder().scalar(time_bucket("bucket")).build();
    let mut bench = Bench::new().profile(profile);
    bench.table(meters(&[
        ("a", 1, "x", 1_000, Some(1.0), Some(1)),
        ("a", 1, "x", 11_000, Some(2.0), Some(2)),
        ("a", 1, "x", 12_000, Some(4.0), Some(4)),
        ("b", 1, "x", 1_000, Some(8.0), Some(8)),
    ]));
    assert_eq!(
        bench
            .rows("SELECT site, meter, bucket(ts, '10s') AS t, sum(volts) FROM meters GROUP BY site, meter, t")
            .await
            .unwrap(),
        ["a|1|1970-01-01T00:00:00Z|1.0", "a|1|1970-01-01T00:00:10Z|6.0", "b|1|1970-01-01T00:00:00Z|8.0"]
    );
    assert_eq!(
        bench.rows("SELECT bucket(ts, interval '1 day') FROM meters LIMIT 1").await.unwrap(),
        ["1969-12-31T16:00:00Z"],
        "a day of +08:00"
    );
    let grouped = "SELECT bucket(ts, '10s') AS t, sum(volts) FROM meters WHERE site = 'a' AND meter = 1 GROUP BY t";
    assert!(bench.explain(grouped).await.contains("ordering_mode=Sorted"), "one series streams");
    let each = "SELECT site, meter, bucket(ts, '10s') AS t, sum(volts) FROM meters GROUP BY site, meter, t";
    assert!(bench.explain(each).await.contains("ordering_mode=Sorted"), "and so do all");
    let wrong = bench.error("SELECT bucket(ts, '10 parsecs') FROM meters").await;
    assert!(matches!(&wrong, ErrorKind::InvalidStatement { reason } if reason.contains("bucket")), "{wrong:?}");
    let wrong = bench.error("SELECT bucket(site, '10s') FROM meters").await;
    assert_eq!(wrong, ErrorKind::FunctionNotFound { function: "bucket(text, text)".into() });
}
