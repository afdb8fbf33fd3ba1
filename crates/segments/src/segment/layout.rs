//! How the file of a segment is laid out: its columns in order and its footer, all of it known
//! before the first row is written.

use super::encoding::writer_properties;
use super::footer::{ExtraColumn, Footer, StoredColumn};
use super::physical::{Form, best_physical, to_physical};
use super::rows::{SegmentRows, SeriesKeys};
use super::write::SegmentTarget;
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use model::{Column, ColumnId, ColumnRole, DataType, Error, Result, Sequence, TableKind, arrow_type};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use parquet::file::properties::WriterProperties;
use std::collections::HashMap;
use std::sync::Arc;

/// A column whose cells are given row by row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GivenColumn {
    pub(crate) id: ColumnId,
    /// The type that it has at the segment's newest number.
    pub(crate) data_type: DataType,
    pub(crate) form: Form,
}

/// What is known of a segment's rows before the first of them.
#[derive(Clone, Debug)]
pub(crate) struct Outline {
    pub(crate) sequences: (Sequence, Sequence),
    /// Whether every row is a whole row.
    pub(crate) all_replace: bool,
    /// Whether cells can be absent.
    pub(crate) has_absent: bool,
    /// Series tables: field columns; keyed tables: those of the key too. Any order; columns that
    /// the table does not have are left out.
    pub(crate) columns: Vec<GivenColumn>,
    /// Series tables: the series that may have rows.
    pub(crate) keys: Option<Arc<SeriesKeys>>,
}

impl Outline {
    /// Adds those columns of which some rows have a value that does not fit the form chosen.
    pub(crate) fn misfits(&self, rows: &SegmentRows, misfits: &mut Vec<ColumnId>) -> Result<()> {
        for column in self.columns.iter().filter(|column| column.form != Form::Plain) {
            if misfits.contains(&column.id) {
                continue;
            }
            let found = rows.columns.iter().find(|found| found.id == column.id);
            let values =
                &found.ok_or_else(|| Error::internal(format!("column {} is missing", column.id)))?.cells.values;
            if to_physical(values, column.data_type, column.form)?.is_none() {
                misfits.push(column.id);
            }
        }
        Ok(())
    }
}

/// The columns of a file.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) schema: SchemaRef,
    pub(super) footer: Footer,
    pub(super) series_table: bool,
    /// The physical values of a series table's key columns, one for each series.
    pub(super) keys: Vec<ArrayRef>,
    /// A series table's time column.
    pub(super) time: Option<Column>,
    /// The columns that are given for each row beside the time, in file order.
    pub(super) given: Vec<GivenColumn>,
}

impl Layout {
    pub(super) fn new(target: &SegmentTarget<'_>, outline: &Outline) -> Result<Self> {
        let table = target.table;
        let mut layout = Self {
            schema: Arc::new(Schema::empty()),
            footer: Footer {
                segment: target.id,
                table: table.id,
                schema_version: table.schema_version,
                partition: target.partition,
                sequences: outline.sequences,
                all_replace: outline.all_replace,
                columns: Vec::new(),
                extra: Vec::new(),
            },
            series_table: table.kind == TableKind::Series,
            keys: Vec::new(),
            time: None,
            given: Vec::new(),
        };
        let mut fields = Vec::new();
        let given = |id: ColumnId| outline.columns.iter().find(|column| column.id == id).copied();
        match &outline.keys {
            Some(keys) if layout.series_table => {
                for (column, values) in table.key_columns().zip(&keys.columns) {
                    if values.len() != keys.keys.len() {
                        return Err(misfit(column, values.as_ref()));
                    }
                    let values = best_physical(values, column.data_type)?;
                    fields.push(layout.column(column, column.data_type, values.data_type()));
                    layout.keys.push(values);
                }
                let time = table.time_column().ok_or_else(|| Error::internal("a series table has a time column"))?;
                let field = layout.column(time, time.data_type, &arrow_type(time.data_type));
                fields.push(field.with_nullable(false));
                layout.time = Some(time.clone());
            }
            None if !layout.series_table => {
                for column in table.key_columns() {
                    let key = given(column.id);
                    let key = key.ok_or_else(|| Error::internal(format!("key column {} is missing", column.id)))?;
                    fields.push(layout.given(column, key));
                }
            }
            _ => return Err(Error::internal(format!("rows of another kind than table {}", table.id))),
        }
        for column in table.columns_with(ColumnRole::Field) {
            if let Some(given) = given(column.id) {
                fields.push(layout.given(column, given));
            }
        }
        let unused = |base: &str| {
            let mut name = base.to_owned();
            while table.column_named(&name).is_some() {
                name.insert(0, '_');
            }
            name
        };
        if !outline.all_replace {
            layout.footer.extra.push(ExtraColumn::Kind);
            fields.push(Field::new(unused("_kind"), Arrow::UInt8, false));
        }
        if outline.has_absent {
            layout.footer.extra.push(ExtraColumn::Absent);
            fields.push(Field::new(unused("_absent"), Arrow::Binary, true));
        }
        layout.schema = Arc::new(Schema::new(fields));
        Ok(layout)
    }

    /// A column that is given for each row.
    fn given(&mut self, column: &Column, given: GivenColumn) -> Field {
        self.given.push(given);
        self.column(column, given.data_type, &given.form.physical_type(given.data_type))
    }

    fn column(&mut self, column: &Column, data_type: DataType, physical: &Arrow) -> Field {
        self.footer.columns.push(StoredColumn { role: column.role, id: column.id, data_type });
        parquet_field(column, physical)
    }

    /// The field columns among those given.
    pub(super) fn is_field(&self, id: ColumnId) -> bool {
        self.footer.columns.iter().any(|column| column.id == id && column.role == ColumnRole::Field)
    }

    /// How Parquet is to write it.
    pub(super) fn properties(&self) -> Result<WriterProperties> {
        let roles: Vec<_> = self
            .footer
            .columns
            .iter()
            .map(|column| Some(column.role))
            .chain(self.footer.extra.iter().map(|_| None))
            .collect();
        writer_properties(&self.schema, &roles, self.series_table, self.footer.to_key_values())
    }
}

pub(super) fn misfit(column: &Column, values: &dyn Array) -> Error {
    let (found, rows) = (values.data_type(), values.len());
    Error::internal(format!("{rows} values of {found} do not fit column {} of a segment", column.id))
}

/// A column of a file, with the column's id as the id of the field.
pub(super) fn parquet_field(column: &Column, physical: &Arrow) -> Field {
    let metadata = HashMap::from([(PARQUET_FIELD_ID_META_KEY.to_owned(), column.id.to_string())]);
    Field::new(&column.name, physical.clone(), true).with_metadata(metadata)
}
