//! INTERVAL as a grouping key: the beginning of the window that a row falls into. Sliding windows
//! repeat each row once for every window, below the grouping.

use super::build::{number, span};
use super::scope::Scope;
use crate::error::coded;
use crate::session::{UNITS_BETWEEN, WINDOW_END, WINDOW_START, WINDOW_STARTS};
use crate::sql::statement::{Duration, Window};
use ::sql::ast::{
    Expr, Select, SelectItem, SetExpr, TableAlias, TableFactor, TableWithJoins, WildcardAdditionalOptions,
};
use ::sql::tree::{call, quoted, text};
use model::{Error, Result, TimeUnit};

/// The column that holds the beginnings of sliding windows; no name of a user holds its character.
const STARTS: &str = "window\u{0}start";
const DAY: i64 = 86_400_000_000_000;

/// The windows of one SELECT.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// The beginning of a row's window.
    pub(super) start: Expr,
    length: Expr,
    unit: TimeUnit,
}

impl Frame {
    /// `_wstart`, `_wend` or `_wduration`.
    pub(super) fn pseudo_column(&self, name: &str) -> Expr {
        let end = || call(WINDOW_END, vec![self.start.clone(), self.length.clone()]);
        match name {
            "_wstart" => self.start.clone(),
            "_wend" => end(),
            _ => {
                let unit = span(format!("{} nanoseconds", 1_000_000_000 / self.unit.per_second()));
                let between = call(UNITS_BETWEEN, vec![self.start.clone(), end(), unit]);
                call(crate::session::CAST, vec![between, text("BIGINT"), number(0)])
            }
        }
    }
}

fn as_span(duration: Duration, unit: TimeUnit) -> Expr {
    span(match duration {
        Duration::Months(months) => format!("{months} months"),
        Duration::Days(days) => format!("{days} days"),
        Duration::Nanos(nanos) => format!("{nanos} nanoseconds"),
        Duration::Units(units) => format!("{} nanoseconds", units.saturating_mul(1_000_000_000 / unit.per_second())),
    })
}

/// About how long a span is.
fn nanos(duration: Duration, unit: TimeUnit) -> i128 {
    match duration {
        Duration::Months(months) => i128::from(months) * 30 * i128::from(DAY),
        Duration::Days(days) => i128::from(days) * i128::from(DAY),
        Duration::Nanos(nanos) => i128::from(nanos),
        Duration::Units(units) => i128::from(units) * i128::from(1_000_000_000 / unit.per_second()),
    }
}

fn check(window: &Window, unit: TimeUnit) -> Result<()> {
    let length = nanos(window.length, unit);
    let least = i128::from(1_000_000_000 / unit.per_second());
    if length < least {
        return Err(coded(0x2615, format!("Interval cannot be less than 1 {}", crate::names::unit_word(unit))));
    }
    if length > 1_000 * 366 * i128::from(DAY) {
        return Err(coded(0x261b, "Interval is too large"));
    }
    if let Some(offset) = window.offset {
        let months = |duration| matches!(duration, Duration::Months(_));
        if nanos(offset, unit) < 0 {
            return Err(coded(0x262d, "Interval offset cannot be negative"));
        }
        if months(offset) && !months(window.length) {
            return Err(coded(0x262e, "Interval offset unit must be the same as or less than interval unit"));
        }
        if nanos(offset, unit) >= length {
            return Err(coded(0x262f, "Interval offset should be shorter than interval"));
        }
    }
    if let Some(sliding) = window.sliding {
        let sliding = nanos(sliding, unit);
        if sliding > length {
            return Err(coded(0x2631, "sliding value no larger than the interval value"));
        }
        if sliding < least || length / sliding > 100 {
            return Err(coded(0x2632, "sliding value can not less than 1% of interval value"));
        }
        if matches!(window.length, Duration::Months(_)) {
            return Err(Error::unsupported("SLIDING over windows of months"));
        }
    }
    Ok(())
}

/// Puts a window into a SELECT. Expressions that name `_wstart` and its like are rewritten with the
/// frame that comes back.
///
/// # Errors
/// Broken rules of INTERVAL and SLIDING; a FROM without a time.
pub(super) fn frame(select: &mut Select, scope: &Scope, window: &Window) -> Result<Frame> {
    let unit = scope.unit();
    let time = scope
        .time()
        .map_err(|_| coded(0x2650, "Window query not supported, since not valid primary timestamp column as input"))?;
    check(window, unit)?;
    let length = as_span(window.length, unit);
    let sliding = window.sliding.map_or_else(|| length.clone(), |sliding| as_span(sliding, unit));
    let offset = window.offset.map_or_else(|| span("0 nanoseconds".to_owned()), |offset| as_span(offset, unit));
    let args = vec![time, length.clone(), sliding, offset];
    let overlaps = window.sliding.is_some_and(|sliding| nanos(sliding, unit) < nanos(window.length, unit));
    if !overlaps {
        return Ok(Frame { start: call(WINDOW_START, args), length, unit });
    }
    let [source] = scope.sources.as_slice() else {
        return Err(Error::unsupported("SLIDING over a join"));
    };
    let starts = call("unnest", vec![call(WINDOW_STARTS, args)]);
    let mut inner = crate::statements::query::parsed("select * from a")?.query;
    let SetExpr::Select(rows) = inner.body.as_mut() else { return Err(Error::internal("a SELECT is not read as one")) };
    rows.qualify = None;
    rows.projection = vec![
        SelectItem::Wildcard(WildcardAdditionalOptions::default()),
        SelectItem::ExprWithAlias { expr: starts, alias: quoted(STARTS) },
    ];
    rows.from = std::mem::take(&mut select.from);
    rows.selection = select.selection.take();
    let alias = TableAlias { explicit: true, name: quoted(&source.alias), columns: Vec::new(), at: None };
    let relation = TableFactor::Derived { lateral: false, subquery: Box::new(inner), alias: Some(alias), sample: None };
    select.from = vec![TableWithJoins { relation, joins: Vec::new() }];
    Ok(Frame { start: source.reference(STARTS), length, unit })
}
