//! The clause skeleton: WITH, set operations and the clauses of each SELECT are cut here, sqlparser
//! reads what stands inside one clause, and the parts are put together as a query.

use crate::clauses::cut;
use crate::expression::run;
use crate::guard::check_items;
use crate::nesting::check_nesting;
use crate::set_operation::{combine, split_arms};
use crate::stub::{Nested, begins_query, convert};
use crate::{Clause, ClauseKind, ClauseTable, Cursor, TokenKind, Tokens};
use model::{Error, Result};
use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    Assignment, Cte, CteAsMaterialized, Expr, GroupByExpr, Ident, LimitClause, Offset, OffsetRows, OrderBy,
    OrderByExpr, OrderByKind, Query, Select, SelectFlavor, SelectItem, SetExpr, TableAlias, TableAliasColumnDef,
    TableWithJoins, VisitMut, WildcardAdditionalOptions, With,
};
use sqlparser::parser::{Parser, ParserError};

/// How deep queries may nest in each other.
const QUERIES_MAX: usize = 24;
/// Stack that must be left before one more level, and what is added if it is not.
const STACK_LEFT: usize = 256 << 10;
const STACK_ADDED: usize = 1 << 20;

/// Where a query stands in its statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryPlace {
    /// It is the whole statement, and no set operation.
    Top,
    /// It is an arm of a set operation.
    SetOperand,
    /// It stands in WITH, or below a WITH.
    With,
    /// It stands in parentheses inside another query.
    Nested,
}

/// What a dialect adds to the skeleton.
pub trait Grammar: Sized {
    /// Whether `LIMIT a, b` is `LIMIT b OFFSET a`.
    const LIMIT_TAKES_OFFSET: bool = true;

    /// Its clauses.
    fn clauses(&self) -> &'static ClauseTable;

    /// Reads a clause of kind [`ClauseKind::Vendor`] and keeps what it says.
    ///
    /// # Errors
    /// Whatever is wrong with the clause or its place.
    fn vendor_clause(parser: &mut QueryParser<'_, Self>, clause: &Clause<'_>, place: QueryPlace) -> Result<()>;

    /// Looks at a SELECT that was read: `list` is its select list as written, `vendor` are its
    /// clauses of kind [`ClauseKind::Vendor`], each of which [`Grammar::vendor_clause`] has seen.
    ///
    /// # Errors
    /// Whatever is wrong with them.
    fn finish_select(
        _parser: &mut QueryParser<'_, Self>,
        _select: &mut Select,
        _list: Tokens<'_>,
        _vendor: &[Clause<'_>],
    ) -> Result<()> {
        Ok(())
    }

    /// Reads what stands in brackets where a table should; the name of a table that stands for it.
    ///
    /// # Errors
    /// A syntax error, unless the dialect has such tables.
    fn bracketed_table(&mut self, inside: Tokens<'_>) -> Result<String> {
        Err(inside.error(0, "expected the name of a table"))
    }
}

/// Parses queries, and the expressions of other statements, which may hold queries too.
#[derive(Debug)]
pub struct QueryParser<'g, G> {
    /// The dialect's part, with what it has kept so far.
    pub grammar: &'g mut G,
    depth: usize,
    below_with: bool,
}

impl<G: Grammar> Nested for QueryParser<'_, G> {
    fn query(&mut self, inside: Tokens<'_>) -> Result<Query> {
        let place = if self.below_with { QueryPlace::With } else { QueryPlace::Nested };
        self.query_at(inside, place)
    }

    fn bracketed(&mut self, inside: Tokens<'_>) -> Result<String> {
        self.grammar.bracketed_table(inside)
    }
}

impl<'g, G: Grammar> QueryParser<'g, G> {
    /// A parser over a dialect's part.
    pub const fn new(grammar: &'g mut G) -> Self {
        Self { grammar, depth: 0, below_with: false }
    }

    /// Whether tokens begin like a query.
    #[must_use]
    pub fn begins_query(tokens: Tokens<'_>) -> bool {
        begins_query(tokens, 0)
    }

    /// Parses a query that is a whole statement.
    ///
    /// # Errors
    /// [`model::ErrorKind::Syntax`] with a position, and those of the dialect's clauses; so for
    /// every method here.
    pub fn parse_query(&mut self, tokens: Tokens<'_>) -> Result<Query> {
        check_nesting(tokens)?;
        self.query_at(tokens, QueryPlace::Top)
    }

    /// Parses one expression.
    ///
    /// # Errors
    /// As [`QueryParser::parse_query`].
    pub fn parse_expression(&mut self, tokens: Tokens<'_>) -> Result<Expr> {
        check_nesting(tokens)?;
        self.piece(tokens, false, |p| p.parse_expr())
    }

    /// Parses the items of a select list, as in RETURNING.
    ///
    /// # Errors
    /// As [`QueryParser::parse_query`].
    pub fn parse_select_items(&mut self, tokens: Tokens<'_>) -> Result<Vec<SelectItem>> {
        check_nesting(tokens)?;
        let items = self.piece(tokens, false, |p| p.parse_projection())?;
        check_items(&items, tokens)?;
        Ok(items)
    }

    /// Parses tables and joins, as behind FROM.
    ///
    /// # Errors
    /// As [`QueryParser::parse_query`].
    pub fn parse_tables(&mut self, tokens: Tokens<'_>) -> Result<Vec<TableWithJoins>> {
        check_nesting(tokens)?;
        self.piece(tokens, true, |p| p.parse_comma_separated(Parser::parse_table_and_joins))
    }

    /// Parses sort keys, as behind ORDER BY.
    ///
    /// # Errors
    /// As [`QueryParser::parse_query`].
    pub fn parse_sort_keys(&mut self, tokens: Tokens<'_>) -> Result<Vec<OrderByExpr>> {
        check_nesting(tokens)?;
        self.piece(tokens, false, |p| p.parse_comma_separated(Parser::parse_order_by_expr))
    }

    /// Parses `a = 1, (b, c) = (2, 3)`, as behind SET.
    ///
    /// # Errors
    /// As [`QueryParser::parse_query`].
    pub fn parse_assignments(&mut self, tokens: Tokens<'_>) -> Result<Vec<Assignment>> {
        check_nesting(tokens)?;
        self.piece(tokens, false, |p| p.parse_comma_separated(Parser::parse_assignment))
    }

    /// Parses WITH at the cursor, if it stands there, and moves behind it.
    ///
    /// # Errors
    /// As [`QueryParser::parse_query`].
    pub fn parse_with(&mut self, cursor: &mut Cursor<'_>) -> Result<Option<With>> {
        if !cursor.accept_word("with") {
            return Ok(None);
        }
        let recursive = cursor.accept_word("recursive");
        let cte_tables = cursor.comma_separated(|cursor| self.table_expression(cursor))?;
        Ok(Some(With { with_token: AttachedToken::empty(), recursive, cte_tables }))
    }

    fn table_expression(&mut self, cursor: &mut Cursor<'_>) -> Result<Cte> {
        let name = identifier(cursor)?;
        let columns = if cursor.is_kind(TokenKind::OpenParenthesis) {
            let mut columns = Cursor::new(cursor.expect_group("columns")?);
            let names = columns.comma_separated(identifier)?;
            columns.expect_end()?;
            names.into_iter().map(|name| TableAliasColumnDef { name, data_type: None }).collect()
        } else {
            Vec::new()
        };
        cursor.expect_word("as")?;
        let materialized = if cursor.accept_word("materialized") {
            Some(CteAsMaterialized::Materialized)
        } else if cursor.accept_words(&["not", "materialized"]) {
            Some(CteAsMaterialized::NotMaterialized)
        } else {
            None
        };
        let inside = cursor.expect_group("a query in parentheses")?;
        let query = Box::new(self.query_at(inside, QueryPlace::With)?);
        Ok(Cte {
            alias: TableAlias { explicit: false, name, columns, at: None },
            query,
            from: None,
            materialized,
            closing_paren_token: AttachedToken::empty(),
        })
    }

    /// Lets sqlparser read all of a run of tokens.
    fn piece<T: VisitMut>(
        &mut self,
        tokens: Tokens<'_>,
        in_from: bool,
        read: impl FnOnce(&mut Parser<'_>) -> Result<T, ParserError>,
    ) -> Result<T> {
        let table = self.grammar.clauses();
        let piece = convert(tokens, in_from, self)?;
        run(piece, table, read)
    }

    fn query_at(&mut self, tokens: Tokens<'_>, place: QueryPlace) -> Result<Query> {
        if self.depth >= QUERIES_MAX {
            return Err(tokens.error(0, format!("queries are nested deeper than {QUERIES_MAX} levels")));
        }
        self.depth += 1;
        let below_with = self.below_with;
        self.below_with |= place == QueryPlace::With;
        let query = stacker::maybe_grow(STACK_LEFT, STACK_ADDED, || self.query_inside(tokens, place));
        self.below_with = below_with;
        self.depth -= 1;
        query
    }

    fn query_inside(&mut self, tokens: Tokens<'_>, place: QueryPlace) -> Result<Query> {
        let mut cursor = Cursor::new(tokens);
        let with = self.parse_with(&mut cursor)?;
        let place = if with.is_some() { QueryPlace::With } else { place };
        let arms = split_arms(cursor.rest())?;
        let place = if arms.len() > 1 { QueryPlace::SetOperand } else { place };
        let nothing = sqlparser::ast::Values { explicit_row: false, value_keyword: false, rows: Vec::new() };
        let mut query = Query { with, ..crate::tree::query(SetExpr::Values(nothing)) };
        let mut operands = Vec::with_capacity(arms.len());
        let count = arms.len();
        for (index, arm) in arms.into_iter().enumerate() {
            // ORDER BY and what follows it belong to the whole query, and stand behind its last arm.
            let end = (index + 1 == count).then_some(&mut query);
            let body = self.arm(arm.tokens, place, end)?;
            operands.push((arm.operator, body));
        }
        *query.body = combine(operands).ok_or_else(|| tokens.error(0, "expected a query"))?;
        Ok(query)
    }

    /// One arm. `query` takes its end clauses; without one it may have none.
    fn arm(&mut self, tokens: Tokens<'_>, place: QueryPlace, query: Option<&mut Query>) -> Result<SetExpr> {
        let (head, clauses) = cut(tokens, self.grammar.clauses())?;
        let is_select = head.is_word(0, "select");
        let (inner, end): (Vec<_>, Vec<_>) = clauses.into_iter().partition(|clause| is_inner(clause.kind));
        let body = if is_select {
            SetExpr::Select(Box::new(self.select(head, &inner, place)?))
        } else {
            if let Some(clause) = inner.first() {
                return Err(clause.error("this clause needs a SELECT"));
            }
            self.other_arm(head)?
        };
        match (query, end.first()) {
            (Some(query), _) => self.end_clauses(query, &end)?,
            (None, Some(clause)) => return Err(clause.error("this clause may stand behind the last query only")),
            (None, None) => {}
        }
        Ok(body)
    }

    fn other_arm(&mut self, head: Tokens<'_>) -> Result<SetExpr> {
        let mut cursor = Cursor::new(head);
        if cursor.accept_word("values") {
            let values = self.piece(cursor.rest(), false, |p| p.parse_values(false, false))?;
            return Ok(SetExpr::Values(values));
        }
        if cursor.accept_word("table") {
            let mut select = empty_select();
            select.projection = vec![SelectItem::Wildcard(WildcardAdditionalOptions::default())];
            select.from = vec![self.piece(cursor.rest(), true, |p| p.parse_table_and_joins())?];
            return Ok(SetExpr::Select(Box::new(select)));
        }
        if cursor.is_kind(TokenKind::OpenParenthesis) {
            let inside = cursor.expect_group("a query")?;
            cursor.expect_end()?;
            return Ok(SetExpr::Query(Box::new(self.query(inside)?)));
        }
        Err(cursor.error("expected SELECT, VALUES, TABLE or a query in parentheses"))
    }

    fn select(&mut self, head: Tokens<'_>, clauses: &[Clause<'_>], place: QueryPlace) -> Result<Select> {
        let list = head.part(1, head.len());
        let (distinct, projection) =
            self.piece(list, false, |p| Ok(Pair(p.parse_all_or_distinct()?, p.parse_projection()?)))?.into();
        check_items(&projection, list)?;
        let mut select = empty_select();
        select.distinct = distinct;
        select.projection = projection;
        for clause in clauses {
            let body = clause.body;
            match clause.kind {
                ClauseKind::From => {
                    select.from = self.piece(body, true, |p| p.parse_comma_separated(Parser::parse_table_and_joins))?;
                }
                ClauseKind::Where => select.selection = Some(self.piece(body, false, |p| p.parse_expr())?),
                ClauseKind::GroupBy => {
                    let group_by = self.piece(clause.whole, false, |p| p.parse_optional_group_by())?;
                    match group_by {
                        Some(GroupByExpr::Expressions(keys, modifiers)) => {
                            select.group_by = GroupByExpr::Expressions(keys, modifiers);
                        }
                        _ => return Err(body.error(0, "expected expressions")),
                    }
                }
                ClauseKind::Having => select.having = Some(self.piece(body, false, |p| p.parse_expr())?),
                ClauseKind::Window => {
                    let read = |p: &mut Parser<'_>| p.parse_comma_separated(Parser::parse_named_window);
                    select.named_window = self.piece(body, false, read)?;
                }
                ClauseKind::Vendor(_) => G::vendor_clause(self, clause, place)?,
                _ => return Err(clause.error("this clause may not stand here")),
            }
        }
        let vendor: Vec<Clause<'_>> =
            clauses.iter().filter(|clause| matches!(clause.kind, ClauseKind::Vendor(_))).copied().collect();
        G::finish_select(self, &mut select, list, &vendor)?;
        Ok(select)
    }

    fn end_clauses(&mut self, query: &mut Query, clauses: &[Clause<'_>]) -> Result<()> {
        let (mut limit, mut offset) = (None, None);
        for clause in clauses {
            let body = clause.body;
            match clause.kind {
                ClauseKind::OrderBy => {
                    let read = |p: &mut Parser<'_>| p.parse_comma_separated(Parser::parse_order_by_expr);
                    let kind = OrderByKind::Expressions(self.piece(body, false, read)?);
                    query.order_by = Some(OrderBy { kind, interpolate: None });
                }
                ClauseKind::Limit => match comma_at(body).filter(|_| G::LIMIT_TAKES_OFFSET) {
                    // LIMIT offset, count
                    Some(comma) => {
                        let value = self.piece(body.part(0, comma), false, |p| p.parse_expr())?;
                        offset = Some(Offset { value, rows: OffsetRows::None });
                        limit = Some(self.piece(body.part(comma + 1, body.len()), false, |p| p.parse_expr())?);
                    }
                    None => limit = self.piece(body, false, |p| p.parse_limit())?,
                },
                ClauseKind::Offset => offset = Some(self.piece(body, false, |p| p.parse_offset())?),
                ClauseKind::Fetch => query.fetch = Some(self.piece(body, false, |p| p.parse_fetch())?),
                ClauseKind::Locking => {
                    let words = clause.whole.tokens.iter().map(|t| clause.whole.text(*t).to_uppercase());
                    return Err(Error::unsupported(words.collect::<Vec<_>>().join(" ")));
                }
                _ => return Err(clause.error("this clause may not stand here")),
            }
        }
        if limit.is_some() || offset.is_some() {
            query.limit_clause = Some(LimitClause::LimitOffset { limit, offset, limit_by: Vec::new() });
        }
        Ok(())
    }
}

/// Whether a clause belongs to its SELECT and not to the whole query.
const fn is_inner(kind: ClauseKind) -> bool {
    !matches!(
        kind,
        ClauseKind::OrderBy | ClauseKind::Limit | ClauseKind::Offset | ClauseKind::Fetch | ClauseKind::Locking
    )
}

/// The index of the comma between two expressions.
fn comma_at(body: Tokens<'_>) -> Option<usize> {
    let mut cursor = Cursor::new(body);
    cursor.take_until(|c| c.is_kind(TokenKind::Comma));
    (!cursor.is_at_end()).then(|| cursor.index())
}

/// Two things read from one piece.
#[derive(Debug)]
struct Pair<A, B>(A, B);

impl<A: VisitMut, B: VisitMut> VisitMut for Pair<A, B> {
    fn visit<V: sqlparser::ast::VisitorMut>(&mut self, visitor: &mut V) -> std::ops::ControlFlow<V::Break> {
        self.0.visit(visitor)?;
        self.1.visit(visitor)
    }
}

impl<A, B> From<Pair<A, B>> for (A, B) {
    fn from(pair: Pair<A, B>) -> Self {
        (pair.0, pair.1)
    }
}

fn identifier(cursor: &mut Cursor<'_>) -> Result<Ident> {
    let (name, quoted) = cursor.expect_name("a name")?;
    Ok(if quoted { Ident::with_quote('"', name) } else { Ident::new(name) })
}

fn empty_select() -> Select {
    Select {
        select_token: AttachedToken::empty(),
        optimizer_hints: Vec::new(),
        distinct: None,
        select_modifiers: None,
        top: None,
        top_before_distinct: false,
        projection: Vec::new(),
        exclude: None,
        into: None,
        from: Vec::new(),
        lateral_views: Vec::new(),
        prewhere: None,
        selection: None,
        connect_by: Vec::new(),
        group_by: GroupByExpr::Expressions(Vec::new(), Vec::new()),
        cluster_by: Vec::new(),
        distribute_by: Vec::new(),
        sort_by: Vec::new(),
        having: None,
        named_window: Vec::new(),
        qualify: None,
        window_before_qualify: false,
        value_table_mode: None,
        flavor: SelectFlavor::Standard,
    }
}

#[cfg(test)]
mod tests;
