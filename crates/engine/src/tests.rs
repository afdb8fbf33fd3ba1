//! The whole engine over a store in memory.

mod definitions;
mod deletes;
mod dropped_meanwhile;
mod logins;
mod privileges;
mod queries;
mod restart;
mod updates;
mod writes;
