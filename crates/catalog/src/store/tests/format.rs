//! The stored bytes: what format 1 is. A change here needs another format number.

use super::{RedbCatalog, commit, open, script};
use crate::snapshot::Part;
use crate::store::backend::{Backend, FirstFailure};
use crate::store::encoding::{DATABASES, DROPPED, META, Stored, TABLES, decode, encode};
use crate::{Change, TableManifest, sample};
use files::{Files, ForgetfulFiles};
use model::{
    ColumnDefault, DataType, DatabaseId, Decimal, Declared, DefaultValue, ErrorKind, Interval, Result, Scope, Sequence,
    Table, TableId, TextLength, TimeUnit, TypeChange, TypeConversion, UserId, Value,
};
use redb::TableHandle;
use std::path::Path;

const TABLE: &[u8] = b"\
    \x01\x8e\xa2id\x0b\xa8database\x01\xa4name\xa6meters\xa4kind\xa6Series\xa7columns\x92\x8b\xa2id\x01\xa4name\
    \xa2ts\xa4role\xa4Time\xa9data_type\x81\xa7Instant\xabMillisecond\xa8nullable\xc3\xa7default\x82\xa5value\
    \xa3Now\xa4text\xa5now()\xa8declared\xc0\xa6hidden\xc2\xa7comment\xc0\xactype_changes\x90\xaaproperties\x80\
    \x8b\xa2id\x02\xa4name\xa5meter\xa4role\xa3Key\xa9data_type\x81\xa4Text\x82\xa3max\x14\xa4unit\xaaCharacters\
    \xa8nullable\xc3\xa7default\xc0\xa8declared\x82\xa7dialect\xa4door\xa4word\xa5NCHAR\xa6hidden\xc2\xa7comment\
    \xc0\xactype_changes\x91\x83\xa2at\t\xa4from\x81\xa7Decimal\x82\xa9precision&\xa5scale\x04\xaaconversion\x81\
    \xa4Text\x81\xa8spelling\xa5plain\xaaproperties\x80\xa3key\x91\x02\xa6unique\x91\x83\xa4name\xa1u\xa7columns\
    \x91\x02\xa5index\x0c\xaeschema_version\x01\xabnext_column\x03\xb1partition_seconds\xc0\xb1retention_seconds\
    \xc0\xa6hidden\xc2\xa7comment\xc0\xaaproperties\x80";

const MANIFEST: &[u8] = b"\
    \x01\x84\xa7flushed\x05\xa8segments\x91\x8c\xa2id\x07\xa4path\xb2segments/7.parquet\xa5bytes\xcd\x04\xd2\xa8checks\
    um\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa9partition\xd2\xff\xf2\xd1\x00\xb1partition_seconds\xce\x00\r/\x00\xa4row\
    s\n\xa9sequences\x92\x01\x05\xa4time\x82\xa5first\xd3\x80\x00\x00\x00\x00\x00\x00\x00\xa4last\xcf\x7f\xff\xff\xff\
    \xff\xff\xff\xff\xa4keys\x92\xc4\x00\xc4\x02\x01\xff\xaball_replace\xc3\xaeschema_version\x01\xaatombstones\x93\
    \x83\xa8sequence\x05\xa4keys\x81\xa6Hashes\x91\xc4\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\
    \xfe\xa4time\x82\xa5first\xd3\x80\x00\x00\x00\x00\x00\x00\x00\xa4last\xcf\x7f\xff\xff\xff\xff\xff\xff\xff\x83\xa8s\
    equence\x05\xa4keys\x81\xa5Range\x82\xa5first\xa9Unbounded\xa4last\x81\xa8Excluded\xc4\x02\x01\xff\xa4time\x82\xa5\
    first\xd3\x80\x00\x00\x00\x00\x00\x00\x00\xa4last\xcf\x7f\xff\xff\xff\xff\xff\xff\xff\x83\xa8sequence\x05\xa4keys\
    \xa3All\xa4time\x82\xa5first\xd3\x80\x00\x00\x00\x00\x00\x00\x00\xa4last\xcf\x7f\xff\xff\xff\xff\xff\xff\xff\xa6series\x04";

const ROWS: &[&str] = &[
    concat!(
        r"databases \x00\x00\x00\x00\x00\x00\x00\x01 = ",
        r"\x01\x87\xa2id\x01\xa4name\xa3one\xa5label\xa3Any\xb1partition_seconds\xcd\x0e\x10\xb1retention_seco",
        r"nds\xc0\xa7comment\xa8a remark\xaaproperties\x81\xaadoor.owner\xa4root",
    ),
    r"dropped \x00\x00\x00\x00\x00\x00\x00\x15 = \x01\xc0",
    concat!(
        r"users \x00\x00\x00\x00\x00\x00\x00\x1f = ",
        r"\x01\x87\xa2id\x1f\xa4name\xa3ann\xa7is_role\xc2\xaamay_log_in\xc3\xadpassword_hash\xaa$argon2id$\xa",
        r"evalid_until_ms\x01\xb0may_create_roles\xc2",
    ),
    concat!(
        r"grants \x00\x00\x00\x00\x00\x00\x00 \x01\x00\x00\x00\x00\x00\x00\x00\x01 = ",
        r"\x01\x84\xa7grantee \xa5scope\x81\xa8Database\x01\xaaprivileges\x03\xa9grantable\x00",
    ),
    concat!(
        r"grants \x00\x00\x00\x00\x00\x00\x00 \x02\x00\x00\x00\x00\x00\x00\x00\x0b = ",
        r"\x01\x84\xa7grantee \xa5scope\x81\xa5Table\x0b\xaaprivileges\x03\xa9grantable\x00",
    ),
    concat!(
        r"memberships \x00\x00\x00\x00\x00\x00\x00!\x00\x00\x00\x00\x00\x00\x00  = ",
        r"\x01\x83\xa4role!\xa6member \xa5admin\xc3",
    ),
    r"settings wal.sync = \x01\xa6always",
    r"meta sequence = \x01\x05",
    r"meta log_files = \x01\x82\xa5first\x07\xa4last\x07",
    concat!(
        r"grants \x00\x00\x00\x00\x00\x00\x00\x1f\x00\x00\x00\x00\x00\x00\x00\x00\x00 = ",
        r"\x01\x84\xa7grantee\x1f\xa5scope\xa3All\xaaprivileges\x03\xa9grantable\x00",
    ),
];

fn table() -> Table {
    let mut table = sample::with_unique(sample::table(11, 1, "meters"), 12);
    let columns = &mut table.columns;
    columns[0].default = Some(ColumnDefault { value: DefaultValue::Now, text: "now()".to_owned() });
    columns[1].declared = Some(Declared { dialect: "door".to_owned(), word: "NCHAR".to_owned() });
    columns[1].data_type = DataType::Text(Some(TextLength::characters(20)));
    columns[1].type_changes = vec![TypeChange {
        at: Sequence(9),
        from: DataType::Decimal { precision: 38, scale: 4 },
        conversion: TypeConversion::Text { spelling: "plain".to_owned() },
    }];
    table
}

#[test]
fn the_bytes_of_format_1_stand() {
    assert_eq!(decode::<Table>(TABLE).unwrap(), table());
    assert_eq!(decode::<TableManifest>(MANIFEST).unwrap(), sample::manifest(5));
    assert_eq!(encode(&table()).unwrap().escape_ascii().to_string(), TABLE.escape_ascii().to_string());
    assert_eq!(encode(&sample::manifest(5)).unwrap().escape_ascii().to_string(), MANIFEST.escape_ascii().to_string());
}

/// Keys and values of the other rows: what is stored in each of redb's tables.
#[test]
fn the_rows_of_format_1_stand() {
    let mut commits = script();
    commits.truncate(7);
    commits.extend([vec![Change::BeginLogFile(7)], vec![Change::DropTable(TableId(21))]]);
    let catalog =
        commits.into_iter().fold(crate::Catalog::default(), |catalog, changes| catalog.with(changes).unwrap());
    let (all, role, member) = (UserId(31), UserId(33), UserId(32));
    let parts = [
        Part::Database(DatabaseId(1)),
        Part::Dropped(TableId(21)),
        Part::User(all),
        Part::Grant(member, Scope::Database(DatabaseId(1))),
        Part::Grant(member, Scope::Table(TableId(11))),
        Part::Membership { role, member },
        Part::Setting("wal.sync".to_owned()),
        Part::Sequence,
        Part::LogFiles,
        Part::Grant(all, Scope::All),
    ];
    let rows: Vec<String> = parts
        .iter()
        .map(|part| {
            let value = part.value(&catalog).unwrap().unwrap_or_default();
            format!("{} {} = {}", part.stored_in().name(), part.key().escape_ascii(), value.escape_ascii())
        })
        .collect();
    assert_eq!(rows, ROWS);
}

#[test]
fn every_value_is_read_back_as_it_was() {
    for value in [
        Value::Null,
        Value::Boolean(true),
        Value::Integer(0),
        Value::Integer(-1),
        Value::Integer(i128::MIN),
        Value::Integer(i128::MAX),
        Value::Float(-0.0),
        Value::Float(f64::INFINITY),
        Value::Float(0.1),
        Value::Decimal(Decimal { unscaled: -(10_i128.pow(37)), scale: -3 }),
        Value::Text("\u{8868}\"".to_owned()),
        Value::Binary(vec![0, 127, 128, 255]),
        Value::Date(i32::MIN),
        Value::TimeOfDay(i64::MAX),
        Value::Interval(Interval { months: -1, days: 2, nanos: i64::MIN }),
        Value::Uuid([255; 16]),
        Value::Instant(i64::MIN, TimeUnit::Nanosecond),
        Value::LocalDateTime(1, TimeUnit::Microsecond),
    ] {
        let bytes = encode(&value).unwrap();
        assert_eq!(decode::<Value>(&bytes).unwrap(), value);
    }
}

#[test]
fn a_newer_format_is_refused_by_number() {
    let newer = [&[2], &TABLE[1..]].concat();
    let expected = ErrorKind::FormatTooNew { found: "2 in catalog.redb".to_owned(), known: "1".to_owned() };
    assert_eq!(*decode::<Table>(&newer).unwrap_err().kind, expected);
    for bytes in [&[][..], &[0, 1], &[1], &TABLE[..100]] {
        assert!(matches!(*decode::<Table>(bytes).unwrap_err().kind, ErrorKind::Corrupt { .. }));
    }
}

/// Opens a catalogue of one database and one table in which one value was replaced.
fn open_with(table: Stored, key: &[u8], value: &[u8]) -> Result<RedbCatalog> {
    let files = ForgetfulFiles::new();
    let store = open(&files).unwrap();
    commit(&store, script().remove(0)).unwrap();
    commit(&store, script().remove(1)).unwrap();
    drop(store);
    let file = files.open(Path::new("catalog.redb")).unwrap();
    let backend = Backend { file, failure: FirstFailure::default(), hides_phases: false.into() };
    let database = redb::Database::builder().create_with_backend(backend).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(table).unwrap().insert(key, value).unwrap();
    transaction.commit().unwrap();
    drop(database);
    open(&files)
}

#[test]
fn stored_values_that_contradict_each_other_are_damage() {
    let one = 1_u64.to_be_bytes();
    let eleven = 11_u64.to_be_bytes();
    let database = |id, name| encode(&sample::database(id, name)).unwrap();
    for (table, key, value) in [
        (DATABASES, &one[..], database(2, "one")),
        (DATABASES, &one, database(1, "two")),
        (TABLES, &eleven, encode(&sample::table(11, 9, "a")).unwrap()),
        (TABLES, &eleven, encode(&sample::table(11, 1, "b")).unwrap()),
        (DROPPED, &eleven, encode(&()).unwrap()),
        (DROPPED, b"short", encode(&()).unwrap()),
        (META, b"version", encode("text").unwrap()),
    ] {
        let error = open_with(table, key, &value).unwrap_err();
        assert!(matches!(*error.kind, ErrorKind::Corrupt { .. }), "{}: {error}", table.name());
    }
    assert!(open_with(DATABASES, &one, &database(1, "other")).is_ok());
}
