//! What columns points need beside those that a table has, point by point: a refused point leaves
//! no trace.

use super::WantedColumn;
use crate::{FieldValue, Point, Rules, TagValue};
use model::{Column, ColumnId, ColumnRole, DataType, ErrorKind, Result, Table, TimeUnit, check_name};
use std::collections::HashMap;

/// A column, there or to come.
struct Slot {
    column: Column,
    /// It is not in the table.
    is_new: bool,
    /// It is in the table with a narrower type.
    is_wider: bool,
    /// The point that named it last.
    named_by: usize,
}

/// Columns as they will be when every point that was taken is written.
pub(super) struct Plan<'r> {
    rules: &'r dyn Rules,
    table: String,
    slots: Vec<Slot>,
    by_name: HashMap<String, usize>,
    /// Lower-cased names, looked at only when a column is added.
    folded: HashMap<String, usize>,
    required: Vec<usize>,
    time: usize,
    /// The key column that nobody gives.
    computed: Option<usize>,
    /// The key column whose values name series.
    names: Option<usize>,
    unit: TimeUnit,
    points: usize,
}

/// What a point did to the plan, to be undone if it is refused.
struct Undo {
    slots: usize,
    types: Vec<(usize, DataType, bool)>,
}

impl<'r> Plan<'r> {
    pub(super) fn new(now: Option<&Table>, rules: &'r dyn Rules) -> Self {
        let mut plan = Self {
            rules,
            table: now.map(|table| table.name.clone()).unwrap_or_default(),
            slots: Vec::new(),
            by_name: HashMap::new(),
            folded: HashMap::new(),
            required: Vec::new(),
            time: 0,
            computed: None,
            names: None,
            unit: now.and_then(Table::time_unit).unwrap_or_else(|| rules.unit()),
            points: 0,
        };
        match now {
            Some(table) => {
                table.columns.iter().for_each(|column| plan.push(column.clone(), false));
                plan.names = table.series_name_column().and_then(|column| plan.by_name.get(&column.name).copied());
            }
            None => {
                let column = |name: &str, role, data_type| Column::new(ColumnId(0), name, role, data_type);
                plan.push(column(rules.time_column(), ColumnRole::Time, DataType::Instant(plan.unit)), true);
                let key = TagValue::Text("".into());
                plan.push(column(rules.key_column(), ColumnRole::Key, rules.tag_type(&key)), true);
            }
        }
        plan
    }

    fn push(&mut self, column: Column, is_new: bool) {
        let slot = self.slots.len();
        match column.role {
            ColumnRole::Time => self.time = slot,
            ColumnRole::Key if column.name == self.rules.key_column() => self.computed = Some(slot),
            _ if !column.nullable && column.default.is_none() => self.required.push(slot),
            _ => {}
        }
        self.by_name.insert(column.name.clone(), slot);
        self.folded.entry(column.name.to_lowercase()).or_insert(slot);
        self.slots.push(Slot { column, is_new, is_wider: false, named_by: 0 });
    }

    /// Takes a point, or leaves everything as it was.
    pub(super) fn add(&mut self, point: &Point<'_>) -> Result<()> {
        if self.table.is_empty() {
            point.measurement.as_ref().clone_into(&mut self.table);
        }
        self.points += 1;
        let mut undo = Undo { slots: self.slots.len(), types: Vec::new() };
        let added = self.try_add(point, &mut undo);
        if added.is_err() {
            for slot in self.slots.drain(undo.slots..) {
                self.by_name.remove(&slot.column.name);
                self.folded.remove(&slot.column.name.to_lowercase());
            }
            for (slot, data_type, is_wider) in undo.types.into_iter().rev() {
                if let Some(slot) = self.slots.get_mut(slot) {
                    slot.column.data_type = data_type;
                    slot.is_wider = is_wider;
                }
            }
        }
        added
    }

    fn try_add(&mut self, point: &Point<'_>, undo: &mut Undo) -> Result<()> {
        check_name(&point.measurement)?;
        for (name, value) in &point.tags {
            let slot = self.slot(name, ColumnRole::Attribute, || self.rules.tag_type(value))?;
            self.name(slot, false)?;
            if let TagValue::Text(text) = value {
                self.widen(slot, self.rules.tag_type(value), Some(text), undo);
            }
            self.check_tag(slot, value)?;
        }
        for (name, value) in &point.fields {
            let slot = self.slot(name, ColumnRole::Field, || self.rules.field_type(value))?;
            self.name(slot, self.rules.last_field_counts())?;
            let text = if let FieldValue::Text(text) = value { Some(text.as_ref()) } else { None };
            self.widen(slot, self.rules.field_type(value), text, undo);
            self.check_field(slot, value)?;
        }
        if let Some(time) = self.slots.get(self.time) {
            self.rules.time(point, &time.column, self.unit)?;
        }
        self.check_required()
    }

    /// The column of a name, made if it is missing.
    fn slot(&mut self, name: &str, role: ColumnRole, data_type: impl FnOnce() -> DataType) -> Result<usize> {
        if let Some(slot) = self.by_name.get(name).copied() {
            let Some(found) = self.slots.get(slot) else { return Ok(slot) };
            let fits =
                found.column.role == role || (found.column.role == ColumnRole::Key && role == ColumnRole::Attribute);
            if Some(slot) == self.computed || (found.is_new && found.column.role == ColumnRole::Time) {
                return Err(ErrorKind::DuplicateAssignment { column: name.to_owned() }.into());
            }
            return if fits { Ok(slot) } else { Err(self.rules.wrong_part(&self.table, &found.column, role)) };
        }
        check_name(name)?;
        if let Some(other) = self.folded.get(&name.to_lowercase()).and_then(|slot| self.slots.get(*slot)) {
            return Err(ErrorKind::ColumnExists { column: other.column.name.clone() }.into());
        }
        let data_type = data_type();
        self.push(Column::new(ColumnId(0), name, role, data_type), true);
        Ok(self.slots.len() - 1)
    }

    /// Notes that this point names the column.
    fn name(&mut self, slot: usize, again: bool) -> Result<()> {
        let Some(slot) = self.slots.get_mut(slot) else { return Ok(()) };
        if slot.named_by == self.points && !again {
            return Err(ErrorKind::DuplicateAssignment { column: slot.column.name.clone() }.into());
        }
        slot.named_by = self.points;
        Ok(())
    }

    fn widen(&mut self, slot: usize, needed: DataType, text: Option<&str>, undo: &mut Undo) {
        let may = self.rules.widens();
        let Some(found) = self.slots.get_mut(slot) else { return };
        if let (DataType::Text(Some(length)), Some(text)) = (found.column.data_type, text)
            && length.fits(text)
        {
            return;
        }
        if may
            && found.column.role != ColumnRole::Key
            && let Some(wider) = wider(found.column.data_type, needed)
        {
            undo.types.push((slot, found.column.data_type, found.is_wider));
            found.column.data_type = wider;
            found.is_wider = true;
        }
    }

    fn check_tag(&self, slot: usize, value: &TagValue<'_>) -> Result<()> {
        let Some(Slot { column, .. }) = self.slots.get(slot) else { return Ok(()) };
        if Some(slot) == self.names {
            let (TagValue::Text(name) | TagValue::Number(_, name)) = value;
            check_name(name)?;
        }
        match (value, column.data_type) {
            (TagValue::Text(_), DataType::Text(None)) => Ok(()),
            (TagValue::Text(text), DataType::Text(Some(length))) if length.fits(text) => Ok(()),
            _ => self.rules.tag(column, value).map(drop),
        }
    }

    fn check_field(&self, slot: usize, value: &FieldValue<'_>) -> Result<()> {
        let Some(Slot { column, .. }) = self.slots.get(slot) else { return Ok(()) };
        match (value, column.data_type) {
            (FieldValue::Float(..), DataType::Float64)
            | (FieldValue::Integer(_), DataType::Int64)
            | (FieldValue::Unsigned(_), DataType::UInt64)
            | (FieldValue::Boolean(_), DataType::Boolean)
            | (FieldValue::Text(_), DataType::Text(None)) => Ok(()),
            (FieldValue::Text(text), DataType::Text(Some(length))) if length.fits(text) => Ok(()),
            _ => self.rules.field(column, value).map(drop),
        }
    }

    /// Fails when the point leaves out what may not be NULL.
    fn check_required(&self) -> Result<()> {
        let missing = |slot: &&usize| self.slots.get(**slot).is_some_and(|slot| slot.named_by != self.points);
        let Some(Slot { column, .. }) = self.required.iter().find(missing).and_then(|slot| self.slots.get(*slot))
        else {
            return Ok(());
        };
        if column.role == ColumnRole::Key {
            let required = self.required.iter().filter_map(|slot| self.slots.get(*slot));
            let keys = required.filter(|slot| slot.column.role == ColumnRole::Key);
            return Err(ErrorKind::KeyMissing { columns: keys.map(|slot| slot.column.name.clone()).collect() }.into());
        }
        Err(ErrorKind::NullValue { column: column.name.clone() }.into())
    }

    /// The columns that are not there, or not as wide; the key and attributes first.
    pub(super) fn wanted(self) -> Vec<WantedColumn> {
        let wanted = |role: &dyn Fn(ColumnRole) -> bool| {
            let slots = self.slots.iter().filter(|slot| (slot.is_new || slot.is_wider) && role(slot.column.role));
            slots
                .map(|Slot { column, .. }| WantedColumn {
                    name: column.name.clone(),
                    role: column.role,
                    data_type: column.data_type,
                })
                .collect::<Vec<_>>()
        };
        let mut all = wanted(&|role| role == ColumnRole::Key);
        all.extend(wanted(&|role| role == ColumnRole::Attribute));
        all.extend(wanted(&|role| role == ColumnRole::Field));
        all
    }
}

/// The wider type of one family, if the needed one is wider.
fn wider(has: DataType, needs: DataType) -> Option<DataType> {
    use DataType as T;
    match (has, needs) {
        (T::Text(Some(has)), T::Text(Some(needs))) if has.unit == needs.unit && needs.max > has.max => {
            Some(T::Text(Some(needs)))
        }
        (T::Text(Some(_)), T::Text(None))
        | (T::Float32, T::Float64)
        | (T::Int8 | T::Int16 | T::Int32, T::Int64)
        | (T::UInt8 | T::UInt16 | T::UInt32, T::UInt64) => Some(needs),
        _ => None,
    }
}
