//! Scans of random histories against a naive model: the rules word for word, one row at a time.
//!
//! A history is what was written; a layout is how it happens to lie in chunks, merged chunks and
//! segments. Whatever the layout, a scan must return what the model says.

mod cells;
mod history;
mod keyed;
mod layout;
mod naive;
mod partial;
mod scans;
mod series;
