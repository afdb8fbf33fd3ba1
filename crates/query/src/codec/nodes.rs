//! Our plan nodes by name: the one list of them.
//!
//! A node's bytes are its name and what it needs beside its inputs. A new node is one entry here;
//! a query of this crate's tests whose plan has a node without an entry fails.

use super::payload::{Payload, put_bytes};
use crate::scan::{LastExec, OpenScan, ScanExec};
use datafusion::common::{internal_err, not_impl_err};
use datafusion::error::Result;
use datafusion::physical_plan::ExecutionPlan;
use std::sync::Arc;

/// Makes a node of its bytes and its inputs.
type Read = fn(&[u8], &[Arc<dyn ExecutionPlan>], &dyn OpenScan) -> Result<Arc<dyn ExecutionPlan>>;

/// How one kind of node is written and read.
struct Node {
    name: &'static str,
    /// Its bytes; `None` for a node of another kind.
    write: fn(&dyn ExecutionPlan) -> Option<Result<Vec<u8>>>,
    read: Read,
}

const NODES: &[Node] = &[
    Node {
        name: "ScanExec",
        write: |node| Some(node.downcast_ref::<ScanExec>()?.to_bytes()),
        read: |bytes, inputs, sources| match inputs {
            [] => Ok(Arc::new(ScanExec::from_bytes(bytes, sources)?)),
            _ => internal_err!("a scan has no inputs"),
        },
    },
    Node {
        name: "LastExec",
        write: |node| Some(node.downcast_ref::<LastExec>()?.to_bytes()),
        read: |bytes, inputs, sources| match inputs {
            [] => Ok(Arc::new(LastExec::from_bytes(bytes, sources)?)),
            _ => internal_err!("last values have no inputs"),
        },
    },
];

pub(super) fn encode(plan: &dyn ExecutionPlan, out: &mut Vec<u8>) -> Result<()> {
    for node in NODES {
        if let Some(bytes) = (node.write)(plan) {
            put_bytes(node.name.as_bytes(), out);
            out.extend(bytes?);
            return Ok(());
        }
    }
    not_impl_err!("a plan with the node {} as bytes", plan.name())
}

pub(super) fn decode(
    bytes: &[u8],
    inputs: &[Arc<dyn ExecutionPlan>],
    sources: &dyn OpenScan,
) -> Result<Arc<dyn ExecutionPlan>> {
    let mut payload = Payload(bytes);
    let name = payload.text()?;
    match NODES.iter().find(|node| node.name == name) {
        Some(node) => (node.read)(payload.0, inputs, sources),
        None => internal_err!("no plan node has the name {name:?}"),
    }
}
