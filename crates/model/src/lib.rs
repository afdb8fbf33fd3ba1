//! The vocabulary of Chronoglot: names, types, values, schemas, keys, write batches, privileges
//! and errors, as plain data.
//!
//! Every other crate speaks in these words. Nothing here touches a disk, a socket or a clock,
//! and no vendor's name stands here: dialects map their words onto these.

mod cells;
mod error;
mod ids;
mod key;
mod name;
mod privilege;
mod table;
mod time;
mod types;
mod usage;
mod value;
mod write;

pub use cells::{Cells, CellsBuilder, arrow_type};
pub use error::{Code, CodeInfo, Error, ErrorKind, Place, Retry, TextPosition};
pub use ids::{ColumnId, DatabaseId, LoadId, Sequence, SeriesId, TableId, UserId};
pub use key::{KeyBytes, KeyHash, encode_key, encode_keys, key_hash};
pub use name::{NAME_BYTES_MAX, check_name};
pub use privilege::{Grant, Privilege, Privileges, Scope};
pub use table::{
    Column, ColumnDefault, ColumnRole, Declared, DefaultValue, Table, TableKind, TypeChange, TypeConversion, UniqueSet,
};
pub use time::{TimeBounds, TimeUnit};
pub use types::{DataType, LengthUnit, TextLength};
pub use usage::{MemoryPool, Usage};
pub use value::{Decimal, Interval, Value, uuid_text};
pub use write::{
    AttributePolicy, KeySelection, RangeDelete, WriteBatch, WriteKind, WriteOutcome, WritePart, WriteRequest,
};

/// The result of everything that can fail in Chronoglot.
pub type Result<T, E = Error> = std::result::Result<T, E>;
