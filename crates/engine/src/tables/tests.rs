//! The rules of definitions, by table: what is refused and why.

use super::alter::{Contents, altered};
use super::create::define;
use crate::test_store::{keyed, new_column, series};
use crate::{Alteration, NewColumn, NewTable, NewUnique};
use model::{
    Code, ColumnDefault, ColumnId, ColumnRole, DataType, DefaultValue, Error, Sequence, Table, TextLength, TimeUnit,
    TypeConversion, Value,
};

const AT: Sequence = Sequence(77);
const EMPTY: Contents = Contents { has_series: false, has_rows: false };
const FULL: Contents = Contents { has_series: true, has_rows: true };

fn made(new: &NewTable) -> Result<(Table, Vec<Table>), Error> {
    define(new, 10..20)
}

fn changed(new: NewTable, change: impl FnOnce(&mut NewTable)) -> NewTable {
    let mut new = new;
    change(&mut new);
    new
}

fn default(value: DefaultValue) -> Option<ColumnDefault> {
    Some(ColumnDefault { value, text: "written so".to_owned() })
}

fn field(name: &str, data_type: DataType) -> NewColumn {
    new_column(name, ColumnRole::Field, data_type)
}

#[test]
fn broken_definitions_are_refused() {
    type Change = fn(&mut NewTable);
    let on_series: Vec<(&str, Change, Code)> = vec![
        ("empty name", |t| t.name.clear(), Code::InvalidName),
        ("control character", |t| t.columns[2].name = "a\nb".to_owned(), Code::InvalidName),
        ("same column twice", |t| t.columns[3].name = "v".to_owned(), Code::ColumnExists),
        ("same column but for case", |t| t.columns[3].name = "V".to_owned(), Code::ColumnExists),
        ("no time column", |t| drop(t.columns.remove(0)), Code::InvalidDefinition),
        ("time not first", |t| t.columns.swap(0, 1), Code::InvalidDefinition),
        ("two time columns", |t| t.columns[1] = t.columns[0].clone(), Code::ColumnExists),
        ("time of another type", |t| t.columns[0].data_type = DataType::Int64, Code::InvalidDefinition),
        ("unknown key column", |t| t.key.push("zz".to_owned()), Code::ColumnNotFound),
        ("field in the key", |t| t.key.push("v".to_owned()), Code::InvalidDefinition),
        ("key column twice", |t| t.key.push("k".to_owned()), Code::InvalidDefinition),
        ("key column outside the key", |t| t.key.clear(), Code::InvalidDefinition),
        ("key of JSON", |t| t.columns[2].data_type = DataType::Json, Code::InvalidDefinition),
        ("type of keyed tables", |t| t.columns[1].data_type = DataType::Uuid, Code::InvalidDefinition),
        (
            "decimal of no digits",
            |t| t.columns[1].data_type = DataType::Decimal { precision: 0, scale: 0 },
            Code::InvalidDefinition,
        ),
        (
            "decimal of 39 digits",
            |t| t.columns[1].data_type = DataType::Decimal { precision: 39, scale: 0 },
            Code::InvalidDefinition,
        ),
        (
            "decimal with more after the point than it has",
            |t| t.columns[1].data_type = DataType::Decimal { precision: 3, scale: 4 },
            Code::InvalidDefinition,
        ),
        (
            "text of length 0",
            |t| t.columns[1].data_type = DataType::Text(Some(TextLength::bytes(0))),
            Code::InvalidDefinition,
        ),
        (
            "default of another type",
            |t| t.columns[1].default = default(DefaultValue::Constant(Value::Text("x".to_owned()))),
            Code::InvalidDefinition,
        ),
        (
            "default out of range",
            |t| {
                t.columns[1].data_type = DataType::Int8;
                t.columns[1].default = default(DefaultValue::Constant(Value::Integer(128)));
            },
            Code::InvalidDefinition,
        ),
        ("now in a number", |t| t.columns[1].default = default(DefaultValue::Now), Code::InvalidDefinition),
        (
            "unique set on a series table",
            |t| t.unique.push(NewUnique { name: "u".to_owned(), columns: vec!["v".to_owned()] }),
            Code::InvalidDefinition,
        ),
    ];
    assert!(made(&series("t")).is_ok());
    for (what, change, code) in on_series {
        let error = made(&changed(series("t"), change)).expect_err(what);
        assert_eq!(error.code(), code, "{what}: {error}");
    }

    let on_keyed: Vec<(&str, Change, Code)> = vec![
        ("attribute", |t| t.columns[1].role = ColumnRole::Attribute, Code::InvalidDefinition),
        (
            "time column",
            |t| t.columns[1] = new_column("ts", ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond)),
            Code::InvalidDefinition,
        ),
        ("key of intervals", |t| t.columns[0].data_type = DataType::Interval, Code::InvalidDefinition),
        ("unknown column in a unique set", |t| t.unique[0].columns[0] = "zz".to_owned(), Code::ColumnNotFound),
        ("column twice in a unique set", |t| t.unique[0].columns.push("a".to_owned()), Code::InvalidDefinition),
        ("unique set without columns", |t| t.unique[0].columns.clear(), Code::InvalidDefinition),
        ("two unique sets of one name", |t| t.unique.push(t.unique[0].clone()), Code::InvalidDefinition),
    ];
    assert!(made(&keyed("t", &[("a_key", &["a"])])).is_ok());
    for (what, change, code) in on_keyed {
        let error = made(&changed(keyed("t", &[("a_key", &["a"])]), change)).expect_err(what);
        assert_eq!(error.code(), code, "{what}: {error}");
    }
}

#[test]
fn a_definition_is_stored_as_given() {
    let (table, hidden) = made(&series("Meters")).unwrap();
    assert!(hidden.is_empty());
    assert_eq!(table.name, "Meters");
    assert_eq!(table.schema_version, 1);
    let names: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["ts", "v", "k", "a"]);
    assert!(!table.time_column().unwrap().nullable);
    assert!(table.next_column > table.columns.iter().map(|column| column.id).max().unwrap());
}

#[test]
fn a_keyed_table_without_a_key_gets_a_hidden_row_id() {
    let without_key = |name: &str| {
        changed(keyed("t", &[]), |t| {
            t.key.clear();
            t.columns[0] = field(name, DataType::Int64);
        })
    };
    for (given, expected) in [("id", "rowid"), ("rowid", "rowid_1"), ("RowId", "rowid_1")] {
        let (table, _) = made(&without_key(given)).unwrap();
        let row_id = table.columns.last().unwrap();
        assert_eq!(row_id.name, expected);
        assert!(row_id.hidden && !row_id.nullable);
        assert_eq!(row_id.data_type, DataType::Int64);
        assert_eq!(row_id.default.as_ref().unwrap().value, DefaultValue::UniqueRowId);
        assert_eq!(table.key, [row_id.id]);
    }
}

#[test]
fn a_unique_set_is_a_hidden_keyed_table() {
    let (table, hidden) = made(&keyed("t", &[("b_a", &["b", "a"])])).unwrap();
    let [index] = &hidden[..] else { panic!("{hidden:?}") };
    assert!(index.hidden);
    assert_eq!(index.name, "b_a");
    assert_eq!(table.unique[0].index, index.id);
    let shape: Vec<_> = index.columns.iter().map(|c| (c.name.as_str(), c.role, c.data_type)).collect();
    let (key, field) = (ColumnRole::Key, ColumnRole::Field);
    assert_eq!(shape, [("b", key, DataType::Text(None)), ("a", key, DataType::Int32), ("id", field, DataType::Int64)]);
    assert_eq!(index.key, [index.columns[0].id, index.columns[1].id]);
    // The primary key's own column may be part of a set.
    let (_, hidden) = made(&keyed("t", &[("id_a", &["id", "a"])])).unwrap();
    let names: Vec<_> = hidden[0].columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["id", "a", "id_"]);
}

fn id_of(table: &Table, name: &str) -> ColumnId {
    table.column_named(name).unwrap().id
}

#[test]
fn alterations_that_break_a_rule_are_refused() {
    let (series, _) = made(&series("t")).unwrap();
    let (keyed, _) = made(&keyed("t", &[("a_key", &["a"])])).unwrap();
    let retype = |column, to| Alteration::ChangeType { column, to, declared: None, conversion: TypeConversion::Plain };
    let never_null = |name: &str| NewColumn { nullable: false, ..field(name, DataType::Int32) };
    let cases = [
        (&series, EMPTY, Alteration::DropColumn(id_of(&series, "ts")), Code::InvalidDefinition),
        (&series, EMPTY, Alteration::DropColumn(id_of(&series, "k")), Code::InvalidDefinition),
        (&series, EMPTY, Alteration::DropColumn(id_of(&series, "v")), Code::InvalidDefinition),
        (&series, EMPTY, Alteration::DropColumn(ColumnId(99)), Code::SchemaChanged),
        (&keyed, EMPTY, Alteration::DropColumn(id_of(&keyed, "id")), Code::InvalidDefinition),
        (&keyed, EMPTY, Alteration::DropColumn(id_of(&keyed, "a")), Code::InvalidDefinition),
        (&series, EMPTY, Alteration::AddColumn(field("V", DataType::Int32)), Code::ColumnExists),
        (&series, EMPTY, Alteration::AddColumn(field("u", DataType::Uuid)), Code::InvalidDefinition),
        (&series, FULL, Alteration::AddColumn(never_null("w")), Code::InvalidDefinition),
        (&keyed, FULL, Alteration::AddColumn(never_null("w")), Code::InvalidDefinition),
        (
            &series,
            EMPTY,
            Alteration::AddColumn(new_column("t2", ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond))),
            Code::InvalidDefinition,
        ),
        (
            &keyed,
            EMPTY,
            Alteration::AddColumn(new_column("id2", ColumnRole::Key, DataType::Int64)),
            Code::InvalidDefinition,
        ),
        (&series, FULL, Alteration::RenameColumn(id_of(&series, "k"), "kk".to_owned()), Code::InvalidDefinition),
        (&series, EMPTY, Alteration::RenameColumn(id_of(&series, "k"), "TS".to_owned()), Code::ColumnExists),
        (&series, EMPTY, Alteration::RenameColumn(id_of(&series, "k"), String::new()), Code::InvalidName),
        (
            &series,
            EMPTY,
            retype(id_of(&series, "ts"), DataType::Instant(TimeUnit::Nanosecond)),
            Code::InvalidDefinition,
        ),
        (&series, FULL, retype(id_of(&series, "k"), DataType::Text(None)), Code::InvalidDefinition),
        (&series, EMPTY, retype(id_of(&series, "v"), DataType::Boolean), Code::InvalidDefinition),
        (&keyed, EMPTY, retype(id_of(&keyed, "id"), DataType::Int32), Code::InvalidDefinition),
        (&keyed, EMPTY, retype(id_of(&keyed, "a"), DataType::Int64), Code::InvalidDefinition),
        (
            &keyed,
            EMPTY,
            Alteration::SetDefault(id_of(&keyed, "a"), default(DefaultValue::RandomUuid)),
            Code::InvalidDefinition,
        ),
        (&keyed, EMPTY, Alteration::Rename("a\u{7f}".to_owned()), Code::InvalidName),
    ];
    for (table, contents, alteration, code) in cases {
        let error = altered(table, &alteration, AT, contents).expect_err(&format!("{alteration:?}"));
        assert_eq!(error.code(), code, "{alteration:?}: {error}");
    }
}

#[test]
fn columns_join_their_group() {
    let (table, _) = made(&series("t")).unwrap();
    let order = |table: &Table| table.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>().join(" ");
    let with = |table: &Table, column| altered(table, &Alteration::AddColumn(column), AT, EMPTY).unwrap();
    let one = with(&table, field("w", DataType::Int32));
    assert_eq!(order(&one), "ts v w k a");
    let two = with(&one, new_column("b", ColumnRole::Attribute, DataType::Int32));
    assert_eq!(order(&two), "ts v w k a b");
    let three = with(&two, new_column("k2", ColumnRole::Key, DataType::Int32));
    assert_eq!(order(&three), "ts v w k a b k2");
    assert_eq!(three.key, [id_of(&three, "k"), id_of(&three, "k2")]);
    assert_eq!(three.schema_version, table.schema_version + 3);

    let dropped = altered(&three, &Alteration::DropColumn(id_of(&three, "w")), AT, EMPTY).unwrap();
    let again = with(&dropped, field("w", DataType::Int32));
    assert_ne!(id_of(&again, "w"), id_of(&three, "w"), "ids are never used again");

    let without_key = changed(keyed("t", &[]), |t| {
        t.key.clear();
        t.columns[0].role = ColumnRole::Field;
    });
    let (table, _) = made(&without_key).unwrap();
    assert_eq!(order(&with(&table, field("z", DataType::Int32))), "id a b z rowid");
}

#[test]
fn a_retype_is_remembered_with_its_number() {
    let (table, _) = made(&series("t")).unwrap();
    let retype = |to| Alteration::ChangeType {
        column: id_of(&table, "v"),
        to,
        declared: None,
        conversion: TypeConversion::Plain,
    };
    let wider = altered(&table, &retype(DataType::Decimal { precision: 20, scale: 2 }), AT, FULL).unwrap();
    let column = wider.column_named("v").unwrap();
    assert_eq!(column.type_changes.len(), 1);
    assert_eq!((column.type_changes[0].at, column.type_changes[0].from), (AT, DataType::Float64));
    let text = altered(&table, &retype(DataType::Text(None)), AT, FULL).unwrap();
    assert_eq!(text.column_named("v").unwrap().type_changes[0].from, DataType::Float64);
    let same = altered(&table, &retype(DataType::Float64), AT, FULL).unwrap();
    assert!(same.column_named("v").unwrap().type_changes.is_empty());
}

#[test]
fn a_default_goes_with_a_retype_or_refuses_it() {
    let table = changed(keyed("t", &[]), |t| {
        t.columns[1].default = default(DefaultValue::Constant(Value::Integer(300)));
    });
    let (table, _) = made(&table).unwrap();
    let retype = |to| Alteration::ChangeType {
        column: id_of(&table, "a"),
        to,
        declared: None,
        conversion: TypeConversion::Plain,
    };
    let float = altered(&table, &retype(DataType::Float64), AT, FULL).unwrap();
    let kept = &float.column_named("a").unwrap().default.as_ref().unwrap().value;
    assert_eq!(*kept, DefaultValue::Constant(Value::Float(300.0)));
    assert_eq!(altered(&table, &retype(DataType::Int8), AT, FULL).unwrap_err().code(), Code::InvalidDefinition);
}
