//! Comparisons of times finer than this vendor's: a text of microseconds at most stands for its whole
//! microsecond, as such a time is shown.

use super::numbers::Operand;
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, Operator, binary_expr, lit};
use sql::ast::BinaryOperator;

/// The comparison of a finer time with a text; `None` for all others.
pub(super) fn compared(left: &Operand, op: &BinaryOperator, right: &Operand) -> Option<Expr> {
    let operator = match op {
        BinaryOperator::Eq => Operator::Eq,
        BinaryOperator::NotEq => Operator::NotEq,
        BinaryOperator::LtEq => Operator::LtEq,
        BinaryOperator::Gt => Operator::Gt,
        BinaryOperator::Lt => Operator::Lt,
        BinaryOperator::GtEq => Operator::GtEq,
        _ => return None,
    };
    let is_finer = |side: &Operand| matches!(side.data_type, DataType::Timestamp(TimeUnit::Nanosecond, _));
    let (fine, operator, other) = match (is_finer(left), is_finer(right)) {
        (true, false) => (&left.expr, operator, &right.expr),
        (false, true) => (&right.expr, operator.swap()?, &left.expr),
        _ => return None,
    };
    let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = other else { return None };
    let last = lit(last_nanosecond(text)?);
    let compare = |operator, bound: &Expr| binary_expr(fine.clone(), operator, bound.clone());
    Some(match operator {
        Operator::Eq => compare(Operator::GtEq, other).and(compare(Operator::LtEq, &last)),
        Operator::NotEq => compare(Operator::Lt, other).or(compare(Operator::Gt, &last)),
        Operator::LtEq | Operator::Gt => compare(operator, &last),
        _ => return None,
    })
}

/// The last nanosecond of the microsecond that a text names: `YYYY-MM-DD[ HH:MM:SS[.ffffff]]`, perhaps
/// with a zone. `None` for other texts, and for those that name nanoseconds themselves.
fn last_nanosecond(text: &str) -> Option<String> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    if rest.is_empty() {
        return Some(format!("{date} 00:00:00.000000999"));
    }
    let (clock, rest) = rest.split_at_checked(9)?;
    let is_clock = clock.bytes().enumerate().all(|(at, byte)| match at {
        0 => matches!(byte, b' ' | b'T'),
        3 | 6 => byte == b':',
        _ => byte.is_ascii_digit(),
    });
    let behind = rest.strip_prefix('.');
    let digits = behind.map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let (fraction, zone) = behind.unwrap_or(rest).split_at_checked(digits)?;
    (is_clock && digits <= 6).then(|| format!("{date}{clock}.{fraction:0<6}999{zone}"))
}

#[cfg(test)]
mod tests {
    use super::last_nanosecond;

    #[test]
    fn a_text_stands_for_its_whole_microsecond() {
        for (text, last) in [
            ("2024-01-02 03:04:05", Some("2024-01-02 03:04:05.000000999")),
            ("2024-01-02T03:04:05.12Z", Some("2024-01-02T03:04:05.120000999Z")),
            ("2024-01-02 03:04:05.123456+08:00", Some("2024-01-02 03:04:05.123456999+08:00")),
            ("2024-01-02", Some("2024-01-02 00:00:00.000000999")),
            ("2024-01-02 03:04:05.1234567", None),
            ("2024-01-02 03:04", None),
            ("no time", None),
        ] {
            assert_eq!(last_nanosecond(text).as_deref(), last, "{text}");
        }
    }
}
