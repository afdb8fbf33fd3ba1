//! Physical plans as bytes: what a plan needs to be run elsewhere over the same store.
//!
//! DataFusion's own nodes and expressions go by DataFusion's encoding. Everything that is ours has
//! a name: plan nodes in [`nodes`], functions in [`functions`], where the profile of the dialect
//! and the functions that rules put into plans come together. What has no name, and what the
//! encoding would lose, is refused when it is written, so that no plan comes back as another.

mod check;
mod functions;
mod nodes;
pub(crate) mod payload;
mod windows;

use crate::error::{ErrorContext, to_error};
use crate::run::Guarded;
use crate::scan::OpenScan;
use crate::{PlanContext, Profile};
use datafusion::common::{internal_err, not_impl_err};
use datafusion::error::Result as DataFusionResult;
use datafusion::execution::TaskContext;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::{AggregateUDF, HigherOrderUDF, ScalarUDF, WindowUDF};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr_common::physical_expr::proto_decode::PhysicalExprDecodeCtx;
use datafusion::physical_expr_common::physical_expr::proto_encode::PhysicalExprEncodeCtx;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::bytes::{
    physical_plan_from_bytes_with_proto_converter, physical_plan_to_bytes_with_proto_converter,
};
use datafusion_proto::physical_plan::{
    DeduplicatingProtoConverter, PhysicalExtensionCodec, PhysicalProtoConverterExtension,
};
pub(crate) use functions::Functions;
use model::{Error, Result};
use std::collections::HashMap;
use std::sync::Arc;
use storage::Storage;

/// The version of the bytes around DataFusion's.
const VERSION: u8 = 1;

/// The name of an expression that only asks whether its query shall end; read as what it guards.
const GUARDED: &[u8] = b"Guarded";

/// Writes plans of one dialect as bytes and reads them over one store. Plans are run in a session
/// of the same profile and zone as they were made in.
#[derive(Debug)]
pub struct PlanCodec {
    functions: Functions,
    sources: Arc<dyn OpenScan>,
    /// The session that plans are read in.
    task: Arc<TaskContext>,
}

impl PlanCodec {
    /// The codec of a profile in the zone of `context`, over a store.
    #[must_use]
    pub fn new(profile: &Profile, storage: Storage, context: &PlanContext) -> Self {
        Self::over(profile, Arc::new(storage), &context.time_zone)
    }

    pub(crate) fn over(profile: &Profile, sources: Arc<dyn OpenScan>, time_zone: &str) -> Self {
        let mut config = profile.state.config().clone();
        config.options_mut().execution.time_zone = Some(time_zone.to_owned());
        let functions = Functions::new(profile, Arc::clone(config.options()));
        // Functions come by the codec alone: a name in a plan means what it means in the profile.
        let task = TaskContext::new(
            None,
            String::new(),
            config,
            HashMap::new(),
            HashMap::new(),
            HashMap::new(),
            HashMap::new(),
            Arc::new(RuntimeEnv::default()),
        );
        Self { functions, sources, task: Arc::new(task) }
    }

    /// A plan's bytes.
    ///
    /// # Errors
    /// [`model::ErrorKind::Unsupported`] or [`model::ErrorKind::Internal`] naming what cannot be
    /// written.
    pub fn encode(&self, plan: &Arc<dyn ExecutionPlan>) -> Result<Vec<u8>> {
        windows::refuse_lossy(self, plan).map_err(|e| error(&e))?;
        let converter = DeduplicatingProtoConverter {};
        let plan = physical_plan_to_bytes_with_proto_converter(Arc::clone(plan), self, &converter);
        let plan = plan.map_err(|e| error(&e))?;
        let mut bytes = vec![VERSION];
        bytes.extend(crc32fast::hash(&plan).to_le_bytes());
        bytes.extend(plan);
        Ok(bytes)
    }

    /// The plan that has these bytes, its sources opened.
    ///
    /// # Errors
    /// [`model::ErrorKind::Internal`] when they are damaged, of another version, name what is not
    /// known here, or a source is gone.
    pub fn decode(&self, bytes: &[u8]) -> Result<Arc<dyn ExecutionPlan>> {
        let damaged = || Error::internal("the bytes of a plan are damaged");
        let (version, rest) = bytes.split_first().ok_or_else(damaged)?;
        if *version != VERSION {
            return Err(Error::internal(format!("a plan has version {version} of the encoding, not {VERSION}")));
        }
        let (checksum, plan) = rest.split_first_chunk().ok_or_else(damaged)?;
        // DataFusion's own readers trust what they read.
        if crc32fast::hash(plan) != u32::from_le_bytes(*checksum) {
            return Err(damaged());
        }
        let converter = DeduplicatingProtoConverter {};
        physical_plan_from_bytes_with_proto_converter(plan, &self.task, self, &converter).map_err(|e| error(&e))
    }
}

fn error(error: &datafusion::error::DataFusionError) -> Error {
    to_error(error, &ErrorContext::default())
}

impl Profile {
    /// Writes and reads the name of every function of this profile; gives their number.
    ///
    /// # Errors
    /// [`model::ErrorKind::Internal`] naming one that does not come back as it was.
    pub fn check_names(&self) -> Result<usize> {
        Functions::new(self, Arc::clone(self.state.config_options())).check().map_err(|e| error(&e))
    }
}

impl PhysicalExtensionCodec for PlanCodec {
    fn try_decode(
        &self,
        buf: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        _ctx: &TaskContext,
        _proto_converter: &dyn PhysicalProtoConverterExtension,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        nodes::decode(buf, inputs, self.sources.as_ref())
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        buf: &mut Vec<u8>,
        _proto_converter: &dyn PhysicalProtoConverterExtension,
    ) -> DataFusionResult<()> {
        nodes::encode(node.as_ref(), buf)
    }

    fn try_decode_udf(&self, name: &str, buf: &[u8]) -> DataFusionResult<Arc<ScalarUDF>> {
        self.functions.read_scalar(name, buf)
    }

    fn try_encode_udf(&self, node: &ScalarUDF, buf: &mut Vec<u8>) -> DataFusionResult<()> {
        self.functions.write_scalar(node, buf)
    }

    fn try_decode_higher_order_function(&self, name: &str, buf: &[u8]) -> DataFusionResult<Arc<HigherOrderUDF>> {
        self.functions.read_higher_order(name, buf)
    }

    fn try_encode_higher_order_function(&self, node: &HigherOrderUDF, buf: &mut Vec<u8>) -> DataFusionResult<()> {
        self.functions.write_higher_order(node, buf)
    }

    fn try_decode_expr(
        &self,
        buf: &[u8],
        inputs: &[Arc<dyn PhysicalExpr>],
        _ctx: &PhysicalExprDecodeCtx<'_>,
    ) -> DataFusionResult<Arc<dyn PhysicalExpr>> {
        match (buf, inputs) {
            // Whoever runs the plan puts guards of his own into it.
            (GUARDED, [inner]) => Ok(Arc::clone(inner)),
            _ => internal_err!("no expression has the name {:?}", String::from_utf8_lossy(buf)),
        }
    }

    fn try_encode_expr(
        &self,
        node: &Arc<dyn PhysicalExpr>,
        buf: &mut Vec<u8>,
        _ctx: &PhysicalExprEncodeCtx<'_>,
    ) -> DataFusionResult<()> {
        if node.downcast_ref::<Guarded>().is_none() {
            return not_impl_err!("a plan with the expression {node} as bytes");
        }
        buf.extend(GUARDED);
        Ok(())
    }

    fn try_decode_udaf(&self, name: &str, buf: &[u8]) -> DataFusionResult<Arc<AggregateUDF>> {
        self.functions.read_aggregate(name, buf)
    }

    fn try_encode_udaf(&self, node: &AggregateUDF, buf: &mut Vec<u8>) -> DataFusionResult<()> {
        self.functions.write_aggregate(node, buf)
    }

    fn try_decode_udwf(&self, name: &str, buf: &[u8]) -> DataFusionResult<Arc<WindowUDF>> {
        self.functions.read_window(name, buf)
    }

    fn try_encode_udwf(&self, node: &WindowUDF, buf: &mut Vec<u8>) -> DataFusionResult<()> {
        self.functions.write_window(node, buf)
    }
}

#[cfg(test)]
mod tests;
