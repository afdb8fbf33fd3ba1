use crate::scan::memory::meters;
use crate::testing::Bench;
use proptest::prelude::*;

const VALUES: [Option<i64>; 6] = [None, Some(1), Some(2), Some(3), Some(4), Some(5)];

fn bench() -> Bench {
    let rows: Vec<_> = VALUES.iter().zip(1..).map(|(v, i)| ("a", i, "ann", i * 1_000, None, *v)).collect();
    let mut bench = Bench::new();
    bench.table(meters(&rows));
    bench
}

#[derive(Clone, Debug)]
enum Condition {
    Listed(Vec<Option<i64>>, bool),
    Equal(i64, bool),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
}

impl Condition {
    fn sql(&self) -> String {
        let not = |not: &bool| if *not { "NOT " } else { "" };
        match self {
            Self::Listed(items, negated) => {
                let items: Vec<_> = items.iter().map(|i| i.map_or("NULL".to_owned(), |i| i.to_string())).collect();
                format!("\"Pulses\" {}IN ({})", not(negated), items.join(", "))
            }
            Self::Equal(item, negated) => format!("\"Pulses\" {} {item}", if *negated { "<>" } else { "=" }),
            Self::And(a, b) => format!("({} AND {})", a.sql(), b.sql()),
            Self::Or(a, b) => format!("({} OR {})", a.sql(), b.sql()),
            Self::Not(a) => format!("(NOT {})", a.sql()),
        }
    }

    fn of(&self, value: Option<i64>) -> Option<bool> {
        match self {
            Self::Listed(items, negated) => {
                let value = value?;
                let found = if items.contains(&Some(value)) {
                    Some(true)
                } else if items.contains(&None) {
                    None
                } else {
                    Some(false)
                };
                found.map(|found| found != *negated)
            }
            Self::Equal(item, negated) => value.map(|v| (v == *item) != *negated),
            Self::And(a, b) => match (a.of(value), b.of(value)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(a, b) => match (a.of(value), b.of(value)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Self::Not(a) => a.of(value).map(|v| !v),
        }
    }
}

async fn agrees(bench: &Bench, condition: &Condition) {
    let text = |v: Option<bool>| v.map_or("NULL".to_owned(), |v| v.to_string());
    let expected: Vec<String> = VALUES.iter().map(|v| text(condition.of(*v))).collect();
    let sql = format!("SELECT {} FROM meters ORDER BY meter", condition.sql());
    assert_eq!(bench.rows(&sql).await.unwrap(), expected, "{sql}");
    let accepted = VALUES.iter().zip(1..).filter(|(v, _)| condition.of(**v) == Some(true));
    let accepted: Vec<String> = accepted.map(|(_, meter)| meter.to_string()).collect();
    let sql = format!("SELECT meter FROM meters WHERE {} ORDER BY meter", condition.sql());
    assert_eq!(bench.rows(&sql).await.unwrap(), accepted, "{sql}");
}

#[tokio::test]
async fn lists_of_a_null_are_null() {
    let bench = bench();
    for (first, second) in [("NOT ", "NOT "), ("NOT ", ""), ("", "NOT "), ("", "")] {
        for op in ["AND", "OR"] {
            let condition = format!("\"Pulses\" {first}IN (1, 2) {op} \"Pulses\" {second}IN (3, 4)");
            let sql = format!("SELECT {condition} FROM meters WHERE meter = 1");
            assert_eq!(bench.rows(&sql).await.unwrap(), ["NULL"], "{sql}");
            for not in ["", "NOT "] {
                let sql = format!("SELECT count(*) FROM meters WHERE meter = 1 AND {not}({condition})");
                assert_eq!(bench.rows(&sql).await.unwrap(), ["0"], "{sql}");
            }
        }
    }
}

fn condition() -> impl Strategy<Value = Condition> {
    let item = prop::option::weighted(0.85, 1i64..6);
    let leaf = prop_oneof![
        3 => (prop::collection::vec(item, 1..6), any::<bool>()).prop_map(|(items, not)| Condition::Listed(items, not)),
        1 => (1i64..6, any::<bool>()).prop_map(|(item, not)| Condition::Equal(item, not)),
    ];
    leaf.prop_recursive(3, 6, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Condition::And(Box::new(a), Box::new(b))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Condition::Or(Box::new(a), Box::new(b))),
            inner.prop_map(|a| Condition::Not(Box::new(a))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn conditions_have_the_values_of_sql(conditions in prop::collection::vec(condition(), 1..5)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let bench = bench();
        for condition in &conditions {
            runtime.block_on(agrees(&bench, condition));
        }
    }
}
