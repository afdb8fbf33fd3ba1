//! The OpenTSDB write endpoints.
