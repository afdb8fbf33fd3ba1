//! The IoTDB REST dialect (table model, version 1).
