//! CREATE TABLE of both kinds, and DROP TABLE.

use super::names::{
    column_type, drop_behavior, expression, if_exists, if_not_exists, name, names_in_parentheses, table_name,
    text_after_equals, time_span,
};
use crate::sql::statement::{
    ColumnCompression, ColumnDefinition, ColumnFamily, CreateTable, DropTables, ForeignKey, IndexColumn,
    IndexDefinition, SeriesClauses, Statement, TableConstraint, TableConstraintKind, TagDefinition,
};
use model::Result;
use sql::{Cursor, TokenKind, Tokens, ast};

/// Behind CREATE.
pub(super) fn create(cursor: &mut Cursor<'_>) -> Result<Statement> {
    let temporary = cursor.accept_one_of(&["temp", "temporary"]).is_some();
    let sparse = cursor.accept_word("sparse");
    cursor.expect_word("table")?;
    let if_not_exists = if_not_exists(cursor);
    let name = table_name(cursor)?;
    if cursor.is_word("as") {
        return Ok(Statement::Unhandled("CREATE TABLE AS"));
    }
    let mut table = CreateTable {
        if_not_exists,
        temporary,
        sparse,
        name,
        columns: Vec::new(),
        constraints: Vec::new(),
        indexes: Vec::new(),
        families: Vec::new(),
        series: None,
        comment: None,
    };
    let mut inside = Cursor::new(cursor.expect_group("columns in parentheses")?);
    if inside.is_word("like") {
        return Ok(Statement::Unhandled("CREATE TABLE LIKE"));
    }
    if !inside.is_at_end() {
        inside.comma_separated(|cursor| element(cursor, &mut table))?;
        inside.expect_end()?;
    }
    if cursor.is_word("as") {
        return Ok(Statement::Unhandled("CREATE TABLE AS"));
    }
    if cursor.accept_one_of(&["tags", "attributes"]).is_some() {
        table.series = Some(series(cursor)?);
    } else if !cursor.accept_words(&["partition", "by", "nothing"])
        && (cursor.is_word("partition") || cursor.is_word("interleave"))
    {
        return Ok(Statement::Unhandled("CREATE TABLE PARTITION BY"));
    }
    if cursor.accept_word("comment") {
        table.comment = Some(text_after_equals(cursor, "the text of the comment")?);
    }
    if let Some(series) = &mut table.series
        && cursor.accept_words(&["with", "hash"])
    {
        series.hash = Some(hash(cursor)?);
    }
    Ok(Statement::CreateTable(Box::new(table)))
}

fn hash(cursor: &mut Cursor<'_>) -> Result<u32> {
    let mut inside = Cursor::new(cursor.expect_group("a number in parentheses")?);
    let number = inside.expect_integer("a number")?;
    inside.expect_end()?;
    match u32::try_from(number) {
        Ok(number @ 1..=50_000) => Ok(number),
        _ => Err(inside.error(format!("The hash num {number} must be > 0 and <= 50000."))),
    }
}

/// Behind TAGS, up to COMMENT.
fn series(cursor: &mut Cursor<'_>) -> Result<SeriesClauses> {
    let mut inside = Cursor::new(cursor.expect_group("tags in parentheses")?);
    let tags = inside.comma_separated(tag)?;
    inside.expect_end()?;
    let primary_tags = if cursor.accept_word("primary") {
        cursor.expect_one_of(&["tags", "attributes"])?;
        Some(names_in_parentheses(cursor)?)
    } else {
        None
    };
    let mut series =
        SeriesClauses { tags, primary_tags, retentions: None, active_time: None, partition_interval: None, hash: None };
    if cursor.accept_word("retentions") {
        series.retentions = Some(time_span(cursor)?);
    }
    if cursor.accept_word("activetime") {
        series.active_time = Some(time_span(cursor)?);
    }
    if cursor.accept_words(&["partition", "interval"]) {
        series.partition_interval = Some(time_span(cursor)?);
    }
    Ok(series)
}

/// `name type [NOT NULL] [COMMENT ..]`
pub(super) fn tag(cursor: &mut Cursor<'_>) -> Result<TagDefinition> {
    let mut tag = TagDefinition { name: name(cursor)?, data_type: column_type(cursor)?, nullable: None, comment: None };
    loop {
        if cursor.accept_words(&["not", "null"]) {
            tag.nullable = Some(false);
        } else if cursor.accept_word("null") {
            tag.nullable = Some(true);
        } else if cursor.accept_word("comment") {
            tag.comment = Some(text_after_equals(cursor, "the text of the comment")?);
        } else {
            return Ok(tag);
        }
    }
}

fn element(cursor: &mut Cursor<'_>, table: &mut CreateTable) -> Result<()> {
    let group_ahead = |ahead| cursor.tokens().is_kind(cursor.index() + ahead, TokenKind::OpenParenthesis);
    let is_index = (cursor.is_word("index") && (group_ahead(1) || group_ahead(2)))
        || cursor.are_words(&["unique", "index"])
        || cursor.are_words(&["inverted", "index"]);
    let is_family = cursor.is_word("family") && (group_ahead(1) || group_ahead(2));
    if is_index {
        table.indexes.push(index_element(cursor)?);
    } else if is_family {
        cursor.skip();
        let name = if cursor.is_kind(TokenKind::OpenParenthesis) { None } else { Some(name(cursor)?) };
        table.families.push(ColumnFamily { name, columns: names_in_parentheses(cursor)? });
    } else if let Some(constraint) = constraint(cursor)? {
        table.constraints.push(constraint);
    } else {
        table.columns.push(column(cursor)?);
    }
    Ok(())
}

fn index_element(cursor: &mut Cursor<'_>) -> Result<IndexDefinition> {
    let unique = cursor.accept_word("unique");
    let inverted = cursor.accept_word("inverted");
    cursor.expect_word("index")?;
    let name = if cursor.is_kind(TokenKind::OpenParenthesis) { None } else { Some(name(cursor)?) };
    index_columns(cursor, IndexDefinition { name, unique, inverted, columns: Vec::new(), storing: Vec::new() })
}

/// `(a ASC, b) [STORING (..)]`
pub(super) fn index_columns(cursor: &mut Cursor<'_>, mut index: IndexDefinition) -> Result<IndexDefinition> {
    index.columns = key_columns(cursor)?;
    if cursor.accept_one_of(&["storing", "covering", "include"]).is_some() {
        index.storing = names_in_parentheses(cursor)?;
    }
    Ok(index)
}

/// `(a ASC, b DESC)`
fn key_columns(cursor: &mut Cursor<'_>) -> Result<Vec<IndexColumn>> {
    let mut inside = Cursor::new(cursor.expect_group("columns in parentheses")?);
    let columns = inside.comma_separated(|cursor| {
        let name = name(cursor)?;
        Ok(IndexColumn { name, descending: cursor.accept_one_of(&["asc", "desc"]) == Some("desc") })
    })?;
    inside.expect_end()?;
    Ok(columns)
}

/// A constraint, if one begins here.
pub(super) fn constraint(cursor: &mut Cursor<'_>) -> Result<Option<TableConstraint>> {
    let constraint_name = if cursor.accept_word("constraint") { Some(name(cursor)?) } else { None };
    let kind = if cursor.accept_words(&["primary", "key"]) {
        TableConstraintKind::PrimaryKey(key_columns(cursor)?)
    } else if cursor.is_word("unique") {
        cursor.skip();
        TableConstraintKind::Unique(key_columns(cursor)?)
    } else if cursor.accept_word("check") {
        TableConstraintKind::Check(expression(cursor.expect_group("a condition in parentheses")?)?)
    } else if cursor.accept_words(&["foreign", "key"]) {
        let columns = names_in_parentheses(cursor)?;
        cursor.expect_word("references")?;
        TableConstraintKind::ForeignKey { columns, references: references(cursor)? }
    } else if constraint_name.is_some() {
        return Err(cursor.error("expected a constraint"));
    } else {
        return Ok(None);
    };
    Ok(Some(TableConstraint { name: constraint_name, kind }))
}

/// Behind REFERENCES.
fn references(cursor: &mut Cursor<'_>) -> Result<ForeignKey> {
    let table = table_name(cursor)?;
    let columns = if cursor.is_kind(TokenKind::OpenParenthesis) { names_in_parentheses(cursor)? } else { Vec::new() };
    let mut actions = Vec::new();
    loop {
        let about = if cursor.accept_word("match") {
            let how = cursor.expect_one_of(&["full", "partial", "simple"])?;
            actions.push(format!("match {how}"));
            continue;
        } else if cursor.accept_word("on") {
            cursor.expect_one_of(&["delete", "update"])?
        } else {
            return Ok(ForeignKey { table, columns, actions });
        };
        let what = if cursor.accept_words(&["no", "action"]) {
            "no action"
        } else if cursor.accept_words(&["set", "null"]) {
            "set null"
        } else if cursor.accept_words(&["set", "default"]) {
            "set default"
        } else {
            cursor.expect_one_of(&["cascade", "restrict"])?
        };
        actions.push(format!("on {about} {what}"));
    }
}

/// Words that end the expression behind DEFAULT.
const BEHIND_DEFAULT: &[&str] = &[
    "not",
    "null",
    "primary",
    "unique",
    "check",
    "references",
    "collate",
    "comment",
    "family",
    "create",
    "constraint",
    "default",
    "as",
    "encode",
    "compress",
    "level",
];

/// The expression behind DEFAULT. SHOW CREATE prints its type behind `:::`, which says nothing that
/// the column's type does not say.
fn default_expression(cursor: &mut Cursor<'_>) -> Result<ast::Expr> {
    let mut inside = Cursor::new(default_tokens(cursor));
    let is_annotation =
        |c: &Cursor<'_>| c.tokens().is_symbol(c.index(), "::") && c.tokens().is_symbol(c.index() + 1, ":");
    let tokens = inside.take_until(is_annotation);
    if !inside.is_at_end() {
        inside.skip();
        inside.skip();
        column_type(&mut inside)?;
        inside.expect_end()?;
    }
    expression(tokens)
}

/// The tokens of the expression behind DEFAULT.
fn default_tokens<'a>(cursor: &mut Cursor<'a>) -> Tokens<'a> {
    let first = cursor.index();
    // The first token belongs to it whatever it is: DEFAULT NULL.
    cursor.take_until(|c| {
        c.is_kind(TokenKind::Comma) || (c.index() > first && BEHIND_DEFAULT.iter().any(|word| c.is_word(word)))
    })
}

/// `name type options`
pub(super) fn column(cursor: &mut Cursor<'_>) -> Result<ColumnDefinition> {
    let mut column = ColumnDefinition {
        name: name(cursor)?,
        data_type: column_type(cursor)?,
        nullable: None,
        default: None,
        primary_key: false,
        unique: false,
        checks: Vec::new(),
        references: None,
        computed: None,
        collation: None,
        comment: None,
        compression: ColumnCompression::default(),
        family: None,
    };
    while column_option(cursor, &mut column)? {}
    Ok(column)
}

fn column_option(cursor: &mut Cursor<'_>, column: &mut ColumnDefinition) -> Result<bool> {
    if cursor.accept_word("constraint") {
        // The name of a column's constraint means nothing here: it cannot be dropped by it.
        name(cursor)?;
    }
    if cursor.accept_words(&["not", "null"]) {
        column.nullable = Some(false);
    } else if cursor.accept_word("null") {
        column.nullable = Some(true);
    } else if cursor.accept_words(&["primary", "key"]) {
        column.primary_key = true;
    } else if cursor.accept_word("unique") {
        column.unique = true;
    } else if cursor.accept_word("default") {
        column.default = Some(default_expression(cursor)?);
    } else if cursor.accept_word("check") {
        column.checks.push(expression(cursor.expect_group("a condition in parentheses")?)?);
    } else if cursor.accept_word("references") {
        column.references = Some(references(cursor)?);
    } else if cursor.accept_word("as") {
        column.computed = Some(expression(cursor.expect_group("an expression in parentheses")?)?);
        cursor.expect_word("stored")?;
    } else if cursor.accept_word("collate") {
        column.collation = Some(name(cursor)?.value);
    } else if cursor.accept_word("comment") {
        let text = text_after_equals(cursor, "the text of the comment")?;
        if column.comment.is_some() {
            return Err(cursor.error(format!("multiple comments specified for column \"{}\"", column.name)));
        }
        column.comment = Some(text);
    } else if cursor.is_word("family") || cursor.are_words(&["create", "family"]) {
        cursor.accept_word("create");
        cursor.skip();
        if_not_exists(cursor);
        column.family = Some(name(cursor)?);
    } else {
        return compression(cursor, &mut column.compression);
    }
    Ok(true)
}

/// One of `ENCODE '..'`, `COMPRESS '..'`, `LEVEL '..'`, if it stands here.
pub(super) fn compression(cursor: &mut Cursor<'_>, compression: &mut ColumnCompression) -> Result<bool> {
    let Some(word) = cursor.accept_one_of(&["encode", "compress", "level"]) else { return Ok(false) };
    let text = Some(text_after_equals(cursor, "a name in quotes")?);
    match word {
        "encode" => compression.encode = text,
        "compress" => compression.compress = text,
        _ => compression.level = text,
    }
    Ok(true)
}

/// Behind DROP TABLE.
pub(super) fn drop(cursor: &mut Cursor<'_>) -> Result<DropTables> {
    Ok(DropTables {
        if_exists: if_exists(cursor),
        names: cursor.comma_separated(table_name)?,
        behavior: drop_behavior(cursor),
    })
}
