//! The TDengine REST dialect.
