//! DELETE by time and by tags. The vendor takes comparisons of `time` with numbers and of tags with
//! texts, joined by AND and OR; everything else is refused in its words.

use super::query::surroundings;
use super::table::of_rows;
use crate::context::Context;
use crate::error::{Result, worded};
use crate::names::{self, TableName};
use crate::select::{self, Meaning};
use crate::sql::{self, special};
use crate::times;
use crate::zone::Zone;
use ::sql::ast::{BinaryOperator, Expr, Ident, UnaryOperator, Value};
use ::sql::tree::is_comparison;
use engine::DeleteRequest;
use model::{ColumnRole, Privilege, Table};

/// Runs the statement.
///
/// # Errors
/// Conditions that the vendor refuses, no privilege.
pub(crate) async fn run(context: &Context, name: &TableName, filter: Option<Expr>, text: &str) -> Result<()> {
    let catalog = context.catalog();
    let (database, table) = of_rows(context, &catalog, name)?;
    context.require_table(Privilege::Delete, &database, &table)?;
    let filter = match filter {
        None => None,
        Some(filter) => {
            let checked = Checker { table: &table, zone: context.zone() };
            for conjunction in checked.conjunctions(&filter)? {
                conjunction.check()?;
            }
            let mut filter = filter;
            select::rewrite_expression(&mut filter, &table, &Meaning::new(context, &catalog))?;
            Some(filter)
        }
    };
    let request = DeleteRequest { table: table.id, filter, drop_series: false };
    context.engine().delete(context.caller(), &surroundings(context, &table, text), request).await?;
    Ok(())
}

/// The times that one conjunction selects, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    first: i64,
    last: i64,
}

impl Range {
    const ALL: Self = Self { first: i64::MIN, last: i64::MAX };

    fn and(self, other: Self) -> Self {
        Self { first: self.first.max(other.first), last: self.last.min(other.last) }
    }

    fn check(self) -> Result<()> {
        if self.first > self.last {
            return Err(worded(format!("Start time {} is greater than end time {}", self.first, self.last)));
        }
        Ok(())
    }
}

struct Checker<'a> {
    table: &'a Table,
    zone: &'a Zone,
}

fn unsupported(part: &Expr, whole: &Expr) -> crate::error::Failure {
    worded(format!("Unsupported expression: {} in {}", sql::printed(part), sql::printed(whole)))
}

impl Checker<'_> {
    /// A condition as alternatives of conjunctions.
    fn conjunctions(&self, whole: &Expr) -> Result<Vec<Range>> {
        self.alternatives(whole, whole)
    }

    fn alternatives(&self, expr: &Expr, whole: &Expr) -> Result<Vec<Range>> {
        match expr {
            Expr::Nested(inner) => self.alternatives(inner, whole),
            Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
                let mut ranges = self.alternatives(left, whole)?;
                ranges.extend(self.alternatives(right, whole)?);
                Ok(ranges)
            }
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                let (left, right) = (self.alternatives(left, whole)?, self.alternatives(right, whole)?);
                Ok(left.iter().flat_map(|one| right.iter().map(|other| one.and(*other))).collect())
            }
            Expr::BinaryOp { left, op, right } => {
                self.comparison(left, op, right, expr, whole).map(|range| vec![range])
            }
            Expr::IsNull(inner) => match inner.as_ref() {
                Expr::Identifier(name) => self.tag(name).map(|()| vec![Range::ALL]),
                _ => Err(unsupported(expr, whole)),
            },
            _ => Err(unsupported(expr, whole)),
        }
    }

    fn is_time(&self, name: &Ident) -> bool {
        let name = name.value.to_lowercase();
        names::column(self.table, &name).is_some_and(|column| column.role == ColumnRole::Time)
    }

    fn tag(&self, name: &Ident) -> Result<()> {
        let name = name.value.to_lowercase();
        match names::column(self.table, &name) {
            Some(column) if column.role == ColumnRole::Key => Ok(()),
            _ => Err(worded(format!("The column '{name}' does not exist or is not a tag column"))),
        }
    }

    fn comparison(&self, left: &Expr, op: &BinaryOperator, right: &Expr, part: &Expr, whole: &Expr) -> Result<Range> {
        if !is_comparison(op) {
            return Err(unsupported(part, whole));
        }
        let Expr::Identifier(name) = left else {
            return Err(worded(format!("The left hand value must be an identifier: {}", sql::printed(left))));
        };
        if self.is_time(name) {
            return self.time(op, right);
        }
        self.tag(name)?;
        let shown = sql::printed(right);
        if *op != BinaryOperator::Eq {
            return Err(worded(format!("The operator of tag predicate must be '=' for {shown}")));
        }
        match right {
            Expr::Value(value) => match &value.value {
                Value::Null => Err(worded(
                    "The right hand value of tag predicate cannot be null with '=' operator, please use 'IS NULL' instead",
                )),
                Value::SingleQuotedString(_) => Ok(Range::ALL),
                Value::Placeholder(text) if matches!(special(text), Some(sql::Special::Text(_))) => Ok(Range::ALL),
                _ => Err(worded(format!("The right hand value of tag predicate must be a string: {shown}"))),
            },
            _ => Err(worded(format!("The right hand value of tag predicate must be a string: {shown}"))),
        }
    }

    fn time(&self, op: &BinaryOperator, right: &Expr) -> Result<Range> {
        let shown = sql::printed(right);
        let no_long = || worded(format!("The right hand value of time predicate must be a long: {shown}"));
        let time = self.long(right, false).ok_or_else(no_long)?;
        let all = Range::ALL;
        Ok(match op {
            BinaryOperator::Eq => Range { first: time, last: time },
            BinaryOperator::Lt => Range { last: time.saturating_sub(1), ..all },
            BinaryOperator::LtEq => Range { last: time, ..all },
            BinaryOperator::Gt => Range { first: time.saturating_add(1), ..all },
            BinaryOperator::GtEq => Range { first: time, ..all },
            _ => {
                return Err(worded(format!("The operator of time predicate must be <, <=, >, or >=: {shown}")));
            }
        })
    }

    fn long(&self, expr: &Expr, negative: bool) -> Option<i64> {
        match expr {
            Expr::Nested(inner) => self.long(inner, negative),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => self.long(expr, !negative),
            Expr::Value(value) => {
                let number = match &value.value {
                    Value::Number(digits, _) => digits.parse::<i128>().ok()?,
                    Value::Placeholder(text) => match special(text)? {
                        sql::Special::Number(number) => i128::from(number),
                        sql::Special::Time(text) => i128::from(times::parse(&text, self.zone)?),
                        _ => return None,
                    },
                    _ => return None,
                };
                i64::try_from(if negative { -number } else { number }).ok()
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Range;

    #[test]
    fn an_empty_range_of_times_is_refused() {
        let range = Range { first: 6, ..Range::ALL }.and(Range { last: 2, ..Range::ALL });
        let message = range.check().unwrap_err().message;
        assert_eq!(message.as_deref(), Some("Start time 6 is greater than end time 2"));
        assert!(Range::ALL.check().is_ok());
    }
}
