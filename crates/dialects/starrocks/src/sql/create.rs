//! CREATE TABLE.

use super::names::{name, names_in_parentheses, table_name};
use super::statement::{ColumnDefinition, CreateTable, DefaultText, KeysType};
use model::{Error, Result};
use sql::{Cursor, TokenKind, Tokens};

/// Behind CREATE. Whether the table may exist already is said by the method of the request.
pub(super) fn table(cursor: &mut Cursor<'_>) -> Result<CreateTable> {
    cursor.expect_word("table")?;
    cursor.accept_words(&["if", "not", "exists"]);
    let name = table_name(cursor)?;
    if cursor.is_word("like") || cursor.is_word("as") {
        return Err(Error::unsupported("CREATE TABLE LIKE or AS"));
    }
    let mut table = CreateTable {
        name,
        columns: Vec::new(),
        indexes: Vec::new(),
        keys: None,
        comment: None,
        partition: None,
        distribution: None,
        order_by: Vec::new(),
        properties: Vec::new(),
    };
    let mut inside = Cursor::new(cursor.expect_group("columns in parentheses")?);
    inside.comma_separated(|cursor| element(cursor, &mut table))?;
    inside.expect_end()?;
    while !cursor.is_at_end() {
        clause(cursor, &mut table)?;
    }
    Ok(table)
}

/// The text of a run of tokens, with single blanks between words.
fn text(tokens: Tokens<'_>) -> String {
    match (tokens.tokens.first(), tokens.tokens.last()) {
        (Some(first), Some(last)) => {
            let written = tokens.source.slice(first.start, last.end);
            written.split_whitespace().collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

fn element(cursor: &mut Cursor<'_>, table: &mut CreateTable) -> Result<()> {
    let is_index = cursor.is_word("index");
    if is_index {
        let start = cursor.index();
        cursor.skip();
        let index = name(cursor)?;
        names_in_parentheses(cursor)?;
        cursor.take_until(|c| c.is_kind(TokenKind::Comma));
        table.indexes.push((index, text(cursor.tokens().part(start, cursor.index()))));
        return Ok(());
    }
    if ["constraint", "check", "foreign"].iter().any(|word| cursor.is_word(word)) {
        return Err(Error::unsupported("a constraint in CREATE TABLE"));
    }
    let column = column(cursor)?;
    table.columns.push(column);
    Ok(())
}

fn data_type(cursor: &mut Cursor<'_>) -> Result<String> {
    let (mut word, quoted) = cursor.expect_name("a type")?;
    if quoted {
        return Err(cursor.error("expected a type"));
    }
    if cursor.is_symbol("<") {
        return Err(Error::unsupported(format!("the type {}", word.to_ascii_uppercase())));
    }
    if cursor.is_kind(TokenKind::OpenParenthesis) {
        let inside = cursor.expect_group("a length")?;
        word = format!("{word}({})", text(inside));
    }
    Ok(word)
}

/// Aggregations of a column in a table that adds up its rows.
const AGGREGATIONS: [&str; 9] = [
    "sum",
    "max",
    "min",
    "replace",
    "replace_if_not_null",
    "hll_union",
    "bitmap_union",
    "percentile_union",
    "agg_state_union",
];

fn column(cursor: &mut Cursor<'_>) -> Result<ColumnDefinition> {
    let mut column = ColumnDefinition {
        name: name(cursor)?,
        data_type: data_type(cursor)?,
        is_key: false,
        nullable: None,
        default: None,
        auto_increment: false,
        comment: None,
    };
    loop {
        if cursor.accept_word("key") {
            column.is_key = true;
        } else if cursor.accept_words(&["not", "null"]) {
            column.nullable = Some(false);
        } else if cursor.accept_word("null") {
            column.nullable = Some(true);
        } else if cursor.accept_word("default") {
            column.default = Some(default(cursor)?);
        } else if cursor.accept_word("auto_increment") {
            column.auto_increment = true;
        } else if cursor.accept_word("comment") {
            column.comment = Some(cursor.expect_string("the text of the comment")?);
        } else if cursor.accept_word("as") || cursor.accept_words(&["generated", "always"]) {
            return Err(Error::unsupported("a generated column"));
        } else if AGGREGATIONS.iter().any(|word| cursor.is_word(word)) {
            return Err(Error::unsupported("a column that is aggregated"));
        } else {
            return Ok(column);
        }
    }
}

fn default(cursor: &mut Cursor<'_>) -> Result<DefaultText> {
    if cursor.accept_word("null") {
        return Ok(DefaultText::Null);
    }
    if cursor.accept_word("current_timestamp") {
        if cursor.is_kind(TokenKind::OpenParenthesis) {
            cursor.expect_group("digits")?;
        }
        return Ok(DefaultText::Now);
    }
    if cursor.is_kind(TokenKind::OpenParenthesis) {
        let mut inside = Cursor::new(cursor.expect_group("an expression")?);
        if inside.accept_word("uuid") {
            inside.expect_group("nothing")?;
            inside.expect_end()?;
            return Ok(DefaultText::Uuid);
        }
        return Err(inside.error("only uuid() may stand here"));
    }
    if cursor.is_kind(TokenKind::Integer) || cursor.is_kind(TokenKind::Decimal) || cursor.is_symbol("-") {
        let sign = if cursor.accept_symbol("-") { "-" } else { "" };
        let number = cursor.peek_text().to_owned();
        if !cursor.accept_kind(TokenKind::Integer) && !cursor.accept_kind(TokenKind::Decimal) {
            return Err(cursor.error("expected a number"));
        }
        return Ok(DefaultText::Text(format!("{sign}{number}")));
    }
    if let Some(word) = cursor.accept_one_of(&["true", "false"]) {
        return Ok(DefaultText::Text(word.to_owned()));
    }
    cursor.expect_string("a constant").map(DefaultText::Text)
}

/// One of the clauses behind the columns, each at most once.
fn clause(cursor: &mut Cursor<'_>, table: &mut CreateTable) -> Result<()> {
    let start = *cursor;
    let again = || start.error("the clause is there already");
    if cursor.accept_word("engine") {
        cursor.accept_symbol("=");
        let engine = cursor.peek_text().to_ascii_lowercase();
        if engine.trim_matches(['"', '\'', '`']) != "olap" {
            return Err(Error::unsupported(format!("ENGINE = {engine}")));
        }
        cursor.skip();
        return Ok(());
    }
    if let Some(kind) = keys_type(cursor) {
        if table.keys.replace((kind, names_in_parentheses(cursor)?)).is_some() {
            return Err(again());
        }
    } else if cursor.accept_word("comment") {
        cursor.accept_symbol("=");
        if table.comment.replace(cursor.expect_string("the text of the comment")?).is_some() {
            return Err(again());
        }
    } else if cursor.accept_words(&["partition", "by"]) {
        if table.partition.replace(partition(cursor)?).is_some() {
            return Err(again());
        }
    } else if cursor.accept_words(&["distributed", "by"]) {
        if table.distribution.replace(distribution(cursor)?).is_some() {
            return Err(again());
        }
    } else if cursor.accept_words(&["order", "by"]) {
        if !std::mem::replace(&mut table.order_by, names_in_parentheses(cursor)?).is_empty() {
            return Err(again());
        }
    } else if cursor.accept_word("properties") {
        if !std::mem::replace(&mut table.properties, properties(cursor)?).is_empty() {
            return Err(again());
        }
    } else if cursor.is_word("rollup") {
        return Err(Error::unsupported("ROLLUP"));
    } else {
        return Err(cursor.error("the statement does not go on like this"));
    }
    Ok(())
}

fn keys_type(cursor: &mut Cursor<'_>) -> Option<KeysType> {
    let kinds = [
        ("primary", KeysType::Primary),
        ("unique", KeysType::Unique),
        ("duplicate", KeysType::Duplicate),
        ("aggregate", KeysType::Aggregate),
    ];
    kinds.into_iter().find(|(word, _)| cursor.accept_words(&[word, "key"])).map(|(_, kind)| kind)
}

/// Behind PARTITION BY: an expression, which takes every row. Ranges and lists of named partitions
/// would refuse some, which nothing here does.
fn partition(cursor: &mut Cursor<'_>) -> Result<String> {
    if cursor.is_word("list") || cursor.is_word("range") {
        return Err(Error::unsupported(
            "PARTITION BY RANGE or LIST with named partitions (a table here takes every row: write PARTITION BY \
             date_trunc('day', column), or nothing)",
        ));
    }
    let ends = ["distributed", "order", "properties", "comment", "primary", "unique", "duplicate", "aggregate"];
    let tokens = cursor.take_until(|c| ends.iter().any(|word| c.is_word(word)));
    if tokens.is_empty() {
        return Err(cursor.error("expected an expression"));
    }
    Ok(text(tokens))
}

/// Behind DISTRIBUTED BY.
fn distribution(cursor: &mut Cursor<'_>) -> Result<String> {
    let start = cursor.index();
    if cursor.expect_one_of(&["hash", "random"])? == "hash" {
        names_in_parentheses(cursor)?;
    }
    if cursor.accept_word("buckets") && !cursor.accept_word("auto") {
        cursor.expect_integer("how many buckets")?;
    }
    Ok(text(cursor.tokens().part(start, cursor.index())))
}

/// Behind PROPERTIES: `("key" = "value", ..)`
fn properties(cursor: &mut Cursor<'_>) -> Result<Vec<(String, String)>> {
    let mut inside = Cursor::new(cursor.expect_group("properties in parentheses")?);
    let properties = inside.comma_separated(|cursor| {
        let key = cursor.expect_string("the name of a property")?;
        cursor.expect_symbol("=")?;
        Ok((key, cursor.expect_string("its value")?))
    })?;
    inside.expect_end()?;
    Ok(properties)
}
