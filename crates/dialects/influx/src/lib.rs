//! The InfluxDB write endpoints.
