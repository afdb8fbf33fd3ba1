//! The log: files of records, one record a request, in sequence order.
//!
//! Writers put entries into the [`LogQueue`] under their table's lock; one thread, [`LogWriter`],
//! takes all that is queued, appends, syncs once, publishes in sequence order and wakes those who
//! wait. [`read_log`] reads everything back at start.

mod columns;
mod file_format;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod load_record;
mod next_file;
mod one_bit;
mod queue;
mod reader;
mod record;
mod survey;
mod writer;

pub(crate) use columns::{decode_block, encode_block};
pub(crate) use file_format::{DIRECTORY, FRAME_BYTES, Frame, HEADER_BYTES, Header, path as log_path};
pub(crate) use load_record::{
    Bits, Condition, DecidedPart, LoadCommit, NO_SERIES, PendingBlock, Record, decode_record, encode_abort_record,
    encode_block_record, encode_commit_record,
};
pub(crate) use queue::{LogQueue, Refusal};
pub(crate) use reader::{corrupt, read_log};
pub(crate) use record::{NewSeries, RecordPart, RowsPart, SeriesRows, Unreadable, encode_parts};
pub(crate) use survey::{Damage, Place, begin_empty, log_file_number, log_file_path, survey_file};
pub(crate) use writer::{LogWriter, WriterOptions};
