//! Which ranges of key bytes a keyed table's predicates leave.
//!
//! A predicate on one key column becomes byte intervals of that column's encoding. Columns are
//! taken in key order: as long as they are pinned to single values the next one narrows further.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};
use model::{Column, DataType, Decimal, KeyBytes, TimeUnit, Value, arrow_type, encode_key};
use std::ops::Bound;
use storage::KeyRange;

/// More ranges than this cost more than they save.
const RANGES_MAX: usize = 10_000;

/// Intervals `[first, end)` of one column's encoding, sorted and disjoint.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ColumnSet {
    intervals: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether each interval is one value.
    points: bool,
}

/// What the predicates leave.
#[derive(Clone, Debug)]
pub(crate) struct KeyRanges {
    /// Sorted and disjoint; `None`: no key is ruled out.
    pub(crate) ranges: Option<Vec<KeyRange>>,
    /// For each predicate whether the ranges say all that it says.
    pub(crate) exact: Vec<bool>,
    /// How many leading key columns have one single value.
    pub(crate) pinned: usize,
    /// Whole keys, where nothing else is left.
    pub(crate) keys: Option<Vec<KeyBytes>>,
}

/// Reads the predicates on the columns of a key.
pub(crate) fn key_ranges(key: &[&Column], predicates: &[&Expr]) -> KeyRanges {
    let read: Vec<Option<(usize, ColumnSet)>> = predicates.iter().map(|p| column_set(key, p)).collect();
    let mut prefixes: Vec<Vec<u8>> = vec![Vec::new()];
    let mut ranges: Option<Vec<(Vec<u8>, Vec<u8>)>> = None;
    let mut used = 0;
    let mut pinned = 0;
    let mut whole = false;
    for index in 0..key.len() {
        let sets = read.iter().flatten().filter(|(column, _)| *column == index).map(|(_, set)| set);
        let Some(set) = sets.cloned().reduce(|a, b| a.intersect(&b)) else { break };
        if prefixes.len().saturating_mul(set.intervals.len()) > RANGES_MAX {
            break;
        }
        used = index + 1;
        let extended = |end: bool| {
            let tails = set.intervals.iter().map(move |(first, last)| if end { last } else { first });
            tails.cloned().collect::<Vec<_>>()
        };
        let cross = |tails: Vec<Vec<u8>>| -> Vec<Vec<u8>> {
            prefixes.iter().flat_map(|p| tails.iter().map(move |t| [p.as_slice(), t].concat())).collect()
        };
        let (firsts, ends) = (cross(extended(false)), cross(extended(true)));
        ranges = Some(firsts.iter().cloned().zip(ends).collect());
        if !set.points {
            break;
        }
        whole = used == key.len();
        prefixes = firsts;
        if prefixes.len() <= 1 {
            pinned = index + 1;
        }
    }
    let all_points = used == key.len() && read.iter().flatten().all(|(_, set)| set.points);
    let keys = (all_points && used > 0).then(|| prefixes.iter().map(|key| KeyBytes(key.as_slice().into())).collect());
    let exact = read.iter().map(|r| r.as_ref().is_some_and(|(column, _)| *column < used)).collect();
    let key_range = |(first, end): (Vec<u8>, Vec<u8>)| {
        let first = KeyBytes(first.into());
        // No other key begins with a whole one; that it is a single key is worth more to storage.
        let last = if whole { Bound::Included(first.clone()) } else { Bound::Excluded(KeyBytes(end.into())) };
        KeyRange { first: Bound::Included(first), last }
    };
    KeyRanges { ranges: ranges.map(|r| r.into_iter().map(key_range).collect()), exact, pinned, keys }
}

/// The key column that a predicate is about, and the values that it accepts, if it is about one
/// alone and understood to the last.
fn column_set(key: &[&Column], predicate: &Expr) -> Option<(usize, ColumnSet)> {
    match predicate {
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
            let (column, a) = column_set(key, left)?;
            let (other, b) = column_set(key, right)?;
            let set = if *op == Operator::And { a.intersect(&b) } else { a.union(&b) };
            (column == other).then_some((column, set))
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match (key_column(key, left), key_column(key, right)) {
            (Some(column), None) => Some((column, compared(key[column], *op, right)?)),
            (None, Some(column)) => Some((column, compared(key[column], op.swap()?, left)?)),
            _ => None,
        },
        Expr::Between(Between { expr, negated: false, low, high }) => {
            let column = key_column(key, expr)?;
            let low = compared(key[column], Operator::GtEq, low)?;
            Some((column, low.intersect(&compared(key[column], Operator::LtEq, high)?)))
        }
        Expr::InList(list) if !list.negated => {
            let column = key_column(key, &list.expr)?;
            let empty = ColumnSet { intervals: Vec::new(), points: true };
            let mut all = empty;
            for value in &list.list {
                all.intervals.extend(compared(key[column], Operator::Eq, value)?.intervals);
            }
            all.intervals.sort();
            all.intervals.dedup();
            Some((column, all))
        }
        _ => None,
    }
}

fn key_column(key: &[&Column], expr: &Expr) -> Option<usize> {
    let Expr::Column(column) = expr else { return None };
    key.iter().position(|k| k.name == column.name)
}

fn compared(column: &Column, op: Operator, literal: &Expr) -> Option<ColumnSet> {
    let Expr::Literal(literal, _) = literal else { return None };
    let value = value(literal, column.data_type)?;
    let first = encode_key(&[(value, column.data_type)]).ok()?.0.into_vec();
    let end = successor(&first)?;
    // Every value but NULL begins with this byte.
    let (least, greatest) = (vec![1], vec![2]);
    let (interval, points) = match op {
        Operator::Eq => ((first, end), true),
        Operator::Lt => ((least, first), false),
        Operator::LtEq => ((least, end), false),
        Operator::Gt => ((end, greatest), false),
        Operator::GtEq => ((first, greatest), false),
        _ => return None,
    };
    let intervals = if interval.0 < interval.1 { vec![interval] } else { Vec::new() };
    Some(ColumnSet { intervals, points })
}

/// The least bytes above everything that begins with `bytes`.
fn successor(bytes: &[u8]) -> Option<Vec<u8>> {
    let last = bytes.iter().rposition(|b| *b != u8::MAX)?;
    let mut end = bytes[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// A literal of exactly a key column's type. Floats and intervals are left out: Arrow compares
/// them otherwise than key bytes do.
fn value(literal: &ScalarValue, data_type: DataType) -> Option<Value> {
    if literal.data_type() != arrow_type(data_type) {
        return None;
    }
    Some(match literal {
        ScalarValue::Boolean(v) => Value::Boolean((*v)?),
        ScalarValue::Int8(v) => Value::Integer((*v)?.into()),
        ScalarValue::Int16(v) => Value::Integer((*v)?.into()),
        ScalarValue::Int32(v) => Value::Integer((*v)?.into()),
        ScalarValue::Int64(v) => Value::Integer((*v)?.into()),
        ScalarValue::UInt8(v) => Value::Integer((*v)?.into()),
        ScalarValue::UInt16(v) => Value::Integer((*v)?.into()),
        ScalarValue::UInt32(v) => Value::Integer((*v)?.into()),
        ScalarValue::UInt64(v) => Value::Integer((*v)?.into()),
        ScalarValue::Decimal128(v, _, scale) => Value::Decimal(Decimal { unscaled: (*v)?, scale: *scale }),
        ScalarValue::Utf8(v) => Value::Text(v.clone()?),
        ScalarValue::Binary(v) => Value::Binary(v.clone()?),
        ScalarValue::Date32(v) => Value::Date((*v)?),
        ScalarValue::Time64Nanosecond(v) => Value::TimeOfDay((*v)?),
        ScalarValue::FixedSizeBinary(16, v) => Value::Uuid(v.as_deref()?.try_into().ok()?),
        ScalarValue::TimestampMillisecond(v, zone) => time((*v)?, TimeUnit::Millisecond, zone.is_some()),
        ScalarValue::TimestampMicrosecond(v, zone) => time((*v)?, TimeUnit::Microsecond, zone.is_some()),
        ScalarValue::TimestampNanosecond(v, zone) => time((*v)?, TimeUnit::Nanosecond, zone.is_some()),
        _ => return None,
    })
}

fn time(value: i64, unit: TimeUnit, zoned: bool) -> Value {
    if zoned { Value::Instant(value, unit) } else { Value::LocalDateTime(value, unit) }
}

impl ColumnSet {
    fn intersect(&self, other: &Self) -> Self {
        let mut intervals = Vec::new();
        let (mut a, mut b) = (self.intervals.iter().peekable(), other.intervals.iter().peekable());
        while let (Some((a_first, a_end)), Some((b_first, b_end))) = (a.peek(), b.peek()) {
            let (first, end) = (a_first.max(b_first), a_end.min(b_end));
            if first < end {
                intervals.push((first.clone(), end.clone()));
            }
            if a_end <= b_end {
                a.next();
            } else {
                b.next();
            }
        }
        Self { intervals, points: self.points || other.points }
    }

    fn union(&self, other: &Self) -> Self {
        let mut all: Vec<_> = self.intervals.iter().chain(&other.intervals).cloned().collect();
        all.sort();
        let mut intervals: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for (first, end) in all {
            match intervals.last_mut() {
                // Values that merely touch stay apart: together they would be no point any more.
                Some(last) if first < last.1 => last.1 = last.1.clone().max(end),
                _ => intervals.push((first, end)),
            }
        }
        Self { intervals, points: self.points && other.points }
    }
}

#[cfg(test)]
mod tests;
