//! The whole engine over a store in memory.

mod definitions;
mod deletes;
mod logins;
mod privileges;
mod queries;
mod restart;
mod updates;
mod writes;
