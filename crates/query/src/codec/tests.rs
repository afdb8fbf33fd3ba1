mod stored;

use super::*;
use crate::functions;
use crate::scan::memory::{column, definition, meters};
use crate::testing::Bench;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use model::{ColumnRole, DataType, ErrorKind, TableKind, TimeUnit, Value};

/// A profile with every function of this crate that dialects register under names of their own.
fn profile() -> Profile {
    Profile::builder()
        .exact_constants()
        .scalar(functions::time_bucket("time_bucket"))
        .aggregate(functions::sum_exact("sum"))
        .aggregate(functions::avg_exact("avg", 4))
        .values_by_time()
        .aggregate(functions::first_time("firstts"))
        .aggregate(functions::last_time("lastts"))
        .aggregate(functions::first_row_time("first_row_ts"))
        .aggregate(functions::last_row_time("last_row_ts"))
        .build()
}

fn bench(profile: Profile) -> Bench {
    let mut bench = Bench::new().profile(profile);
    bench.table(meters(&[
        ("a", 1, "ann", 1_000, Some(1.5), Some(1)),
        ("a", 1, "ann", 62_000, None, Some(2)),
        ("a", 2, "bob", 1_500, Some(2.5), None),
        ("b", 1, "cy", 500, Some(3.5), Some(4)),
    ]));
    let clocks = definition(
        "clocks",
        TableKind::Keyed,
        vec![
            column(1, "k", ColumnRole::Key, DataType::Int64),
            column(2, "wall", ColumnRole::Field, DataType::LocalDateTime(TimeUnit::Microsecond)),
        ],
    );
    let row = |k: i64, wall| vec![Value::Integer(k.into()), Value::LocalDateTime(wall, TimeUnit::Microsecond)];
    bench.table(crate::scan::memory::MemoryTable::new(clocks, vec![row(1, 28_801_000_000), row(2, 28_800_500_001)]));
    bench
}

/// The text of a plan that came through bytes.
fn display(plan: &Arc<dyn ExecutionPlan>) -> String {
    datafusion::physical_plan::displayable(plan.as_ref()).indent(true).to_string()
}

#[test]
fn every_function_has_a_name() {
    let plain = Profile::builder().build().check_names().unwrap();
    assert!(plain > 200, "{plain} functions");
    assert!(profile().check_names().unwrap() > plain);
    let some = Profile::builder().without("concat").scalar(functions::time_bucket("cut")).build();
    some.check_names().unwrap();
}

#[tokio::test]
async fn plans_come_back_as_they_were() {
    let bench = bench(profile());
    for sql in [
        "SELECT sum(\"Pulses\"), avg(volts), first(volts, ts), lastts(volts, ts) FROM meters GROUP BY site ORDER BY site",
        "SELECT time_bucket(ts, '1m') b, last_row(volts, ts), count(*) FROM meters GROUP BY b ORDER BY b DESC",
        "SELECT m.site, o.meter + 1, m.site || '!' FROM meters m JOIN meters o ON m.owner = o.owner AND m.ts < o.ts",
        "SELECT site FROM meters, clocks WHERE ts <= wall AND k < 2 ORDER BY site LIMIT 3",
        "SELECT -meter, \"Pulses\" * 2 FROM meters WHERE owner NOT IN ('x', 'y') OR owner NOT IN ('z', 'q') LIMIT 2",
        "SELECT row_number() OVER (PARTITION BY site ORDER BY ts), sum(meter) OVER (ORDER BY ts) FROM meters",
        "SELECT site, meter FROM meters WHERE ts >= '1970-01-01 08:00:01' AND site = 'a' LIMIT 1",
        "SELECT DISTINCT owner, (SELECT string_agg(site, ',' ORDER BY site) FROM meters) FROM meters",
        "SELECT site FROM meters WHERE volts > (SELECT avg(volts) FROM meters)",
    ] {
        assert!(!bench.rows(sql).await.unwrap().is_empty(), "{sql}");
        let plan = bench.physical(sql).await;
        let codec = bench.codec();
        let bytes = codec.encode(&plan).unwrap();
        let read = codec.decode(&bytes).unwrap();
        assert_eq!(display(&read), display(&plan), "{sql}");
        assert_eq!(codec.encode(&read).unwrap(), bytes, "{sql}");
        let interrupt = Arc::new(crate::run::Interrupt::new(std::time::Instant::now(), std::time::Duration::ZERO));
        let running = crate::run::interruptible(plan, &interrupt).unwrap();
        let rows = bench.collect(codec.decode(&codec.encode(&running).unwrap()).unwrap()).await;
        assert_eq!(rows, bench.rows(sql).await.unwrap(), "{sql}, while it runs: without its guards");
    }
}

#[tokio::test]
async fn a_zone_travels_with_the_function() {
    let sql = "SELECT time_bucket(ts, '1d'), to_timestamp('1970-01-01 08:00:00') FROM meters LIMIT 1";
    let (shanghai, utc) = (bench(profile()), bench(profile()).zone("UTC"));
    let plan = shanghai.physical(sql).await;
    let rows = shanghai.rows(sql).await.unwrap();
    assert_ne!(utc.rows(sql).await.unwrap(), rows);
    let read = utc.codec().decode(&shanghai.codec().encode(&plan).unwrap()).unwrap();
    assert_eq!(utc.collect(read).await, rows);
}

/// What no list has.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Stray(Signature);

impl ScalarUDFImpl for Stray {
    fn name(&self) -> &str {
        "stray"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, types: &[arrow::datatypes::DataType]) -> DataFusionResult<arrow::datatypes::DataType> {
        Ok(types[0].clone())
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        Ok(args.args.swap_remove(0))
    }
}

fn stray() -> ScalarUDF {
    ScalarUDF::new_from_impl(Stray(Signature::any(1, Volatility::Immutable)))
}

/// Plans `+` as the function.
#[derive(Debug)]
struct Plus;

impl datafusion::logical_expr::planner::ExprPlanner for Plus {
    fn plan_binary_op(
        &self,
        expr: datafusion::logical_expr::planner::RawBinaryExpr,
        _schema: &datafusion::common::DFSchema,
    ) -> DataFusionResult<
        datafusion::logical_expr::planner::PlannerResult<datafusion::logical_expr::planner::RawBinaryExpr>,
    > {
        Ok(datafusion::logical_expr::planner::PlannerResult::Planned(stray().call(vec![expr.left])))
    }
}

#[tokio::test]
async fn a_function_that_nobody_registered_is_found_by_the_first_query() {
    let sql = "SELECT meter + 1 FROM meters";
    let error = bench(Profile::builder().expr_planner(Arc::new(Plus)).build()).error(sql).await;
    let ErrorKind::Internal { reason } = error else { panic!("{error:?}") };
    assert!(reason.contains("the function stray of a plan is not registered"), "{reason}");
    // One of the same name is not the same.
    let other = functions::time_bucket("stray");
    let error = bench(Profile::builder().expr_planner(Arc::new(Plus)).scalar(other).build()).error(sql).await;
    assert!(matches!(error, ErrorKind::Internal { .. }), "{error:?}");

    let profile = Profile::builder().expr_planner(Arc::new(Plus)).unwritten_scalar(stray()).build();
    profile.check_names().unwrap();
    let bench = bench(profile);
    assert_eq!(bench.rows(sql).await.unwrap().len(), 4);
    assert_eq!(
        bench.error("SELECT stray(meter) FROM meters").await,
        ErrorKind::FunctionNotFound { function: "stray".into() }
    );
}

#[tokio::test]
async fn what_the_encoding_would_lose_is_refused() {
    let bench = bench(profile());
    let backwards = "SELECT lag(\"Pulses\") OVER (PARTITION BY site, meter ORDER BY ts DESC) FROM meters";
    for sql in [
        backwards,
        "SELECT lag(volts) IGNORE NULLS OVER (ORDER BY ts) FROM meters",
        "SELECT sum(meter) FILTER (WHERE volts > 2) OVER (ORDER BY ts) FROM meters",
    ] {
        let error = bench.codec().encode(&bench.physical(sql).await).unwrap_err();
        assert!(matches!(*error.kind, ErrorKind::Unsupported { .. }), "{sql}: {error}");
    }
}

#[tokio::test]
async fn damaged_bytes_are_errors() {
    let bench = bench(profile());
    let sql = "SELECT site, sum(\"Pulses\"), time_bucket(ts, '1m') b FROM meters WHERE site = 'a' GROUP BY site, b ORDER BY b";
    let bytes = bench.codec().encode(&bench.physical(sql).await).unwrap();
    let codec = bench.codec();
    for cut in 0..bytes.len() {
        codec.decode(&bytes[..cut]).unwrap_err();
    }
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        codec.decode(&damaged).unwrap_err();
    }
    let mut other = bytes;
    other[0] = 2;
    assert!(codec.decode(&other).unwrap_err().to_string().contains("version 2"));
}

#[test]
fn parts_of_ours_are_read_without_trust() {
    let bench = bench(profile());
    let codec = bench.codec();
    let task = TaskContext::default();
    let mut parts: Vec<Vec<u8>> =
        vec![Vec::new(), vec![9], vec![1, 1], vec![2, 1, 255, 255], vec![6, 7], b"Guarded".into()];
    let mut scan = Vec::new();
    payload::put_bytes(b"ScanExec", &mut scan);
    payload::put_bytes(&[1, 2, 3], &mut scan);
    parts.extend([scan, u64::MAX.to_le_bytes().to_vec(), vec![2, 0, 0, 0, 0, 0, 0, 0, b'N', b'o']]);
    for part in parts {
        let node = codec.try_decode(&part, &[], &task, &DeduplicatingProtoConverter {});
        assert!(node.is_err(), "{part:?}");
        assert!(codec.try_decode_udf("time_floor", &part).is_err(), "{part:?}");
        assert!(codec.try_decode_udf("nowhere", &part).is_err(), "{part:?}");
        for name in ["nowhere", "sum", "lag"] {
            assert!(codec.try_decode_udaf("nowhere", &part).is_err(), "{part:?}");
            assert!(codec.try_decode_udwf("nowhere", &part).is_err(), "{part:?}");
            assert!(codec.try_decode_higher_order_function(name, &part).is_err(), "{part:?}");
        }
    }
    let error = codec.try_decode_udf("nowhere", &[1]).unwrap_err().to_string();
    assert!(error.contains("no function has the name \"nowhere\""), "{error}");
}
