//! The dialect under which sqlparser reads the inside of a clause: PostgreSQL's expressions, and no
//! clause word as an alias.

use crate::ClauseTable;
use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator};
use sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use sqlparser::keywords::{Keyword, RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_TABLE_ALIAS};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;
use std::any::TypeId;

/// sqlparser's dialect for a clause table.
#[derive(Debug)]
pub(crate) struct ClauseDialect {
    pub(crate) table: &'static ClauseTable,
}

impl ClauseDialect {
    fn refuses(&self, parser: &Parser<'_>) -> bool {
        match &parser.get_current_token().token {
            Token::Word(word) => word.quote_style.is_none() && self.table.refuses_alias(&word.value),
            _ => false,
        }
    }
}

impl Dialect for ClauseDialect {
    /// sqlparser asks for PostgreSQL by type in places that have no method of their own.
    fn dialect(&self) -> TypeId {
        TypeId::of::<PostgreSqlDialect>()
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        PostgreSqlDialect {}.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        PostgreSqlDialect {}.is_identifier_part(ch)
    }

    fn is_reserved_for_identifier(&self, kw: Keyword) -> bool {
        PostgreSqlDialect {}.is_reserved_for_identifier(kw)
    }

    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        PostgreSqlDialect {}.get_next_precedence(parser)
    }

    fn prec_value(&self, prec: Precedence) -> u8 {
        PostgreSqlDialect {}.prec_value(prec)
    }

    /// A sign binds tighter than `^`: `-2 ^ 2` is 4, as in PostgreSQL.
    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        let op = match parser.peek_token_ref().token {
            Token::Minus => UnaryOperator::Minus,
            Token::Plus => UnaryOperator::Plus,
            _ => return None,
        };
        parser.next_token();
        let operand = parser.parse_subexpr(self.prec_value(Precedence::AtTz));
        Some(operand.map(|expr| Expr::UnaryOp { op, expr: Box::new(expr) }))
    }

    /// `a // b`, the integer quotient, which PostgreSQL does not have, and `a IS [NOT] DISTINCT FROM
    /// b`, whose right side sqlparser would read without regard to what binds looser.
    fn parse_infix(&self, parser: &mut Parser<'_>, expr: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        let left = || Box::new(expr.clone());
        if parser.consume_token(&Token::DuckIntDiv) {
            let right = parser.parse_subexpr(precedence).map(Box::new);
            let op = BinaryOperator::DuckIntegerDivide;
            return Some(right.map(|right| Expr::BinaryOp { left: left(), op, right }));
        }
        if parser.parse_keywords(&[Keyword::IS, Keyword::DISTINCT, Keyword::FROM]) {
            let right = parser.parse_subexpr(precedence).map(Box::new);
            return Some(right.map(|right| Expr::IsDistinctFrom(left(), right)));
        }
        if parser.parse_keywords(&[Keyword::IS, Keyword::NOT, Keyword::DISTINCT, Keyword::FROM]) {
            let right = parser.parse_subexpr(precedence).map(Box::new);
            return Some(right.map(|right| Expr::IsNotDistinctFrom(left(), right)));
        }
        None
    }

    fn is_column_alias(&self, kw: &Keyword, parser: &mut Parser<'_>) -> bool {
        !self.refuses(parser) && !RESERVED_FOR_COLUMN_ALIAS.contains(kw)
    }

    fn is_table_alias(&self, kw: &Keyword, parser: &mut Parser<'_>) -> bool {
        !self.refuses(parser) && !RESERVED_FOR_TABLE_ALIAS.contains(kw)
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_bitwise_shift_operators(&self) -> bool {
        true
    }

    fn supports_array_typedef_with_brackets(&self) -> bool {
        true
    }

    fn supports_window_clause_named_window_reference(&self) -> bool {
        true
    }

    fn supports_parens_around_table_factor(&self) -> bool {
        true
    }

    /// `a JOIN b JOIN c ON .. ON ..` nests; false is how sqlparser spells that.
    fn supports_left_associative_joins_without_parens(&self) -> bool {
        false
    }

    fn supports_interval_options(&self) -> bool {
        true
    }

    fn supports_comma_separated_trim(&self) -> bool {
        true
    }

    fn allow_extract_custom(&self) -> bool {
        true
    }

    fn allow_extract_single_quotes(&self) -> bool {
        true
    }

    fn supports_extract_comma_syntax(&self) -> bool {
        true
    }
}
