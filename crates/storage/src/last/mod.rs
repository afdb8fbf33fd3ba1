//! The newest row and the newest non-null values of every series of a table: kept in memory, brought
//! up to date by what was written since, and looked up in the rows where they are not known.
//!
//! A [`LastValues`] says what held at one number. It never changes: a view holds the one that was
//! current when it was made, which says nothing newer than the view shows, and puts on top what
//! its chunks and deletions did since ([`Overlay`]). What is then not known is looked up
//! ([`Search`]) and remembered, within the limit of the [`LastPool`]. So an answer is always the one
//! that a scan of the view gives.

mod fold;
mod known;
mod newest;
mod overlay;
mod pages;
mod pool;
mod scan;
mod search;
mod working;

pub(crate) use pages::LastValues;
pub(crate) use pool::{LastPool, LastUse};
pub(crate) use scan::{LastAccess, at_flush};
pub use scan::{LastMetrics, LastOutput, LastRequest, LastScan};
