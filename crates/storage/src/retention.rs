//! Which rows of a table have not expired: none older than its retention is ever returned, whether
//! its file is still there or not.

use catalog::Catalog;
use model::{Table, TimeBounds};

/// The times of the rows that a table still shows at some moment, in its unit.
pub(crate) fn kept(catalog: &Catalog, table: &Table, now_micros: u64) -> TimeBounds {
    kept_at(catalog, table, i128::from(now_micros) * 1_000)
}

/// The same at a moment that no clock may show, in nanoseconds since 1970.
pub(crate) fn kept_at(catalog: &Catalog, table: &Table, now_nanos: i128) -> TimeBounds {
    let of_database = || catalog.database(table.database).and_then(|database| database.retention_seconds);
    // A table's own 0 means for ever, whatever its database says.
    let seconds = table.retention_seconds.or_else(of_database).unwrap_or(0);
    let Some(unit) = table.time_unit().filter(|_| seconds > 0) else { return TimeBounds::ALL };
    let nanos = now_nanos.saturating_sub(i128::from(seconds) * 1_000_000_000);
    // What does not fit lies beyond every instant of the unit, on the side of its sign.
    let beyond = if nanos < 0 { i64::MIN } else { i64::MAX };
    TimeBounds { first: unit.floor_from_nanos(nanos).unwrap_or(beyond), last: i64::MAX }
}
