//! The dialects that this program speaks, in the order in which they are listed to people.

use dialect::Dialect;
use influx::Influx;
use iotdb::Iotdb;
use kwdb::Kwdb;
use opentsdb::OpenTsdb;
use starrocks::StarRocks;
use std::sync::Arc;
use tdengine::TDengine;

/// Every dialect; the settings may switch some off.
pub(crate) fn dialects() -> Vec<Arc<dyn Dialect>> {
    vec![Arc::new(Kwdb), Arc::new(TDengine), Arc::new(Iotdb), Arc::new(StarRocks), Arc::new(Influx), Arc::new(OpenTsdb)]
}

#[cfg(test)]
mod matrix;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod type_page;
