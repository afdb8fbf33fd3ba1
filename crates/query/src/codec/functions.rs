//! The one registry of functions by name: those of the dialect's profile, and those that this
//! crate's planning puts into plans.
//!
//! A function is written as its name and how it follows from the one registered: as it is, in a
//! zone, for sorted input, or by parameters of its own. Whatever is not equal to what would be
//! read back has no name, and is refused.

use super::payload::{Payload, put_bytes, put_optional};
use crate::Profile;
use crate::functions::{ConvertTime, Rounding, checked, convert_time, join};
use crate::rules::{numbered, undeclared};
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::{internal_datafusion_err, internal_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SessionState, SessionStateDefaults};
use datafusion::logical_expr::{AggregateUDF, HigherOrderUDF, ScalarUDF, WindowUDF};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// As registered in the profile.
const REGISTERED: u8 = 1;
/// As registered in the profile, in a zone.
const IN_ZONE: u8 = 2;
/// As registered in the profile, for sorted input.
const SORTED: u8 = 3;
/// As the profile registers it for plans alone.
const UNWRITTEN: u8 = 4;
/// As this crate's planning makes it.
const BUILT_IN: u8 = 5;
/// By its parameters.
const PARAMETERS: u8 = 6;

/// As DataFusion has it, where the profile took it away or has another of the name.
const PLAIN: u8 = 7;

/// DataFusion's functions by name; its rules call them whatever a profile says.
struct Plain {
    scalars: HashMap<String, Arc<ScalarUDF>>,
    aggregates: HashMap<String, Arc<AggregateUDF>>,
    windows: HashMap<String, Arc<WindowUDF>>,
}

static PLAIN_FUNCTIONS: LazyLock<Plain> = LazyLock::new(|| Plain {
    scalars: by_name(SessionStateDefaults::default_scalar_functions(), |f| f.name()),
    aggregates: by_name(SessionStateDefaults::default_aggregate_functions(), |f| f.name()),
    windows: by_name(SessionStateDefaults::default_window_functions(), |f| f.name()),
});

fn by_name<F>(functions: Vec<Arc<F>>, name: impl Fn(&F) -> &str) -> HashMap<String, Arc<F>> {
    functions.into_iter().map(|function| (name(&function).to_owned(), function)).collect()
}

/// The functions that operators, lists and recursive terms become, by name.
static BUILT_INS: LazyLock<HashMap<String, Arc<ScalarUDF>>> = LazyLock::new(|| {
    let functions = checked().into_iter().chain([join(), numbered(), undeclared()]);
    functions.map(|function| (function.name().to_owned(), function)).collect()
});

/// The functions of one profile's plans.
#[derive(Debug)]
pub(crate) struct Functions {
    state: Arc<SessionState>,
    unwritten: Arc<HashMap<String, Arc<ScalarUDF>>>,
    /// The session that plans are made in.
    options: Arc<ConfigOptions>,
}

fn unnamed(kind: &str, name: &str) -> DataFusionError {
    internal_datafusion_err!("the {kind} {name} of a plan is not registered in the profile under its name")
}

fn unknown(kind: &str, name: &str) -> DataFusionError {
    internal_datafusion_err!("no {kind} has the name {name:?}")
}

impl Functions {
    pub(crate) fn new(profile: &Profile, options: Arc<ConfigOptions>) -> Self {
        Self { state: Arc::clone(&profile.state), unwritten: Arc::clone(&profile.unwritten), options }
    }

    pub(super) fn write_scalar(&self, function: &ScalarUDF, out: &mut Vec<u8>) -> Result<()> {
        let name = function.name();
        let is_it = |found: Option<&Arc<ScalarUDF>>| found.is_some_and(|f| **f == *function);
        let registered = self.state.scalar_functions().get(name);
        if is_it(registered) {
            out.push(REGISTERED);
        } else if is_it(self.unwritten.get(name)) {
            out.push(UNWRITTEN);
        } else if is_it(BUILT_INS.get(name)) {
            out.push(BUILT_IN);
        } else if let Some(convert) = function.inner().downcast_ref::<ConvertTime>() {
            out.push(PARAMETERS);
            write_convert_time(convert, out)?;
        } else if registered.and_then(|f| f.inner().with_updated_config(&self.options)).as_ref() == Some(function) {
            out.push(IN_ZONE);
            put_optional(self.options.execution.time_zone.as_ref(), out, |zone, out| put_bytes(zone.as_bytes(), out));
        } else if is_it(PLAIN_FUNCTIONS.scalars.get(name)) {
            out.push(PLAIN);
        } else {
            return Err(unnamed("function", name));
        }
        Ok(())
    }

    pub(super) fn read_scalar(&self, name: &str, bytes: &[u8]) -> Result<Arc<ScalarUDF>> {
        let mut payload = Payload(bytes);
        let unknown = || unknown("function", name);
        let registered = || self.state.scalar_functions().get(name).cloned().ok_or_else(unknown);
        let function = match payload.u8()? {
            REGISTERED => registered()?,
            UNWRITTEN => self.unwritten.get(name).cloned().ok_or_else(unknown)?,
            BUILT_IN => BUILT_INS.get(name).cloned().ok_or_else(unknown)?,
            PLAIN => PLAIN_FUNCTIONS.scalars.get(name).cloned().ok_or_else(unknown)?,
            PARAMETERS => read_convert_time(name, &mut payload)?,
            IN_ZONE => {
                let mut options = (*self.options).clone();
                options.execution.time_zone = payload.optional(Payload::text)?.map(str::to_owned);
                let function = registered()?;
                let updated = function.inner().with_updated_config(&options);
                Arc::new(updated.ok_or_else(|| internal_datafusion_err!("the function {name} knows no zone"))?)
            }
            kind => return internal_err!("no function {name} is made by way {kind}"),
        };
        payload.end()?;
        Ok(function)
    }

    pub(super) fn write_aggregate(&self, function: &AggregateUDF, out: &mut Vec<u8>) -> Result<()> {
        let name = function.name();
        let registered = self.state.aggregate_functions().get(name);
        if registered.is_some_and(|f| **f == *function) {
            out.push(REGISTERED);
        } else if PLAIN_FUNCTIONS.aggregates.get(name).is_some_and(|f| **f == *function) {
            out.push(PLAIN);
        } else if let Some(registered) = registered
            && sorted(registered)?.as_ref() == Some(function)
        {
            out.push(SORTED);
        } else {
            return Err(unnamed("aggregate function", name));
        }
        Ok(())
    }

    pub(super) fn read_aggregate(&self, name: &str, bytes: &[u8]) -> Result<Arc<AggregateUDF>> {
        let unknown = || unknown("aggregate function", name);
        let registered = || self.state.aggregate_functions().get(name).ok_or_else(unknown);
        match bytes {
            [REGISTERED] => registered().cloned(),
            [PLAIN] => PLAIN_FUNCTIONS.aggregates.get(name).cloned().ok_or_else(unknown),
            [SORTED] => sorted(registered()?)?.map(Arc::new).ok_or_else(unknown),
            _ => internal_err!("no aggregate function {name} is made by way {bytes:?}"),
        }
    }

    pub(super) fn write_window(&self, function: &WindowUDF, out: &mut Vec<u8>) -> Result<()> {
        let name = function.name();
        let is_it = |found: Option<&Arc<WindowUDF>>| found.is_some_and(|f| **f == *function);
        if is_it(self.state.window_functions().get(name)) {
            out.push(REGISTERED);
        } else if is_it(PLAIN_FUNCTIONS.windows.get(name)) {
            out.push(PLAIN);
        } else {
            return Err(unnamed("window function", name));
        }
        Ok(())
    }

    pub(super) fn read_window(&self, name: &str, bytes: &[u8]) -> Result<Arc<WindowUDF>> {
        let unknown = || unknown("window function", name);
        match bytes {
            [REGISTERED] => self.state.window_functions().get(name).cloned().ok_or_else(unknown),
            [PLAIN] => PLAIN_FUNCTIONS.windows.get(name).cloned().ok_or_else(unknown),
            _ => internal_err!("no window function {name} is made by way {bytes:?}"),
        }
    }

    pub(super) fn write_higher_order(&self, function: &HigherOrderUDF, out: &mut Vec<u8>) -> Result<()> {
        let name = function.name();
        let registered = self.state.higher_order_functions().get(name).filter(|f| ***f == *function);
        registered.ok_or_else(|| unnamed("higher-order function", name))?;
        out.push(REGISTERED);
        Ok(())
    }

    pub(super) fn read_higher_order(&self, name: &str, bytes: &[u8]) -> Result<Arc<HigherOrderUDF>> {
        let functions = self.state.higher_order_functions();
        match bytes {
            [REGISTERED] => functions.get(name).cloned().ok_or_else(|| unknown("higher-order function", name)),
            _ => internal_err!("no higher-order function {name} is made by way {bytes:?}"),
        }
    }

    /// Writes and reads every function, as registered and as plans have it; gives their number.
    pub(super) fn check(&self) -> Result<usize> {
        let differs = |kind: &str, name: &str| internal_datafusion_err!("the {kind} {name} comes back as another");
        let written = |write: &dyn Fn(&mut Vec<u8>) -> Result<()>| {
            let mut bytes = Vec::new();
            write(&mut bytes).map(|()| bytes)
        };
        let mut count = 0;
        let scalars = self.state.scalar_functions().values().chain(self.unwritten.values()).chain(BUILT_INS.values());
        for function in scalars {
            let updated = function.inner().with_updated_config(&self.options).map(Arc::new);
            for function in std::iter::once(function).chain(&updated) {
                let bytes = written(&|out| self.write_scalar(function, out))?;
                if self.read_scalar(function.name(), &bytes)? != *function {
                    return Err(differs("function", function.name()));
                }
                count += 1;
            }
        }
        for function in self.state.aggregate_functions().values() {
            let bytes = written(&|out| self.write_aggregate(function, out))?;
            if self.read_aggregate(function.name(), &bytes)? != *function {
                return Err(differs("aggregate function", function.name()));
            }
            count += 1;
        }
        for function in self.state.window_functions().values() {
            let bytes = written(&|out| self.write_window(function, out))?;
            if self.read_window(function.name(), &bytes)? != *function {
                return Err(differs("window function", function.name()));
            }
            count += 1;
        }
        for function in self.state.higher_order_functions().values() {
            let bytes = written(&|out| self.write_higher_order(function, out))?;
            if self.read_higher_order(function.name(), &bytes)? != *function {
                return Err(differs("higher-order function", function.name()));
            }
            count += 1;
        }
        Ok(count)
    }
}

/// The same function for input that is sorted as it likes.
fn sorted(function: &Arc<AggregateUDF>) -> Result<Option<AggregateUDF>> {
    AggregateUDF::clone(function).with_beneficial_ordering(true)
}

fn write_convert_time(ConvertTime { target, rounding, zone, .. }: &ConvertTime, out: &mut Vec<u8>) -> Result<()> {
    let DataType::Timestamp(unit, target_zone) = target else {
        return internal_err!("a time is converted to {target}");
    };
    out.push(match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    });
    put_optional(target_zone.as_ref(), out, |zone, out| put_bytes(zone.as_bytes(), out));
    out.push(match rounding {
        Rounding::Floor => 0,
        Rounding::Ceiling => 1,
    });
    put_bytes(zone.as_bytes(), out);
    Ok(())
}

fn read_convert_time(name: &str, payload: &mut Payload<'_>) -> Result<Arc<ScalarUDF>> {
    let unit = match payload.u8()? {
        0 => TimeUnit::Second,
        3 => TimeUnit::Millisecond,
        6 => TimeUnit::Microsecond,
        9 => TimeUnit::Nanosecond,
        digits => return internal_err!("no time unit has {digits} digits"),
    };
    let target = DataType::Timestamp(unit, payload.optional(Payload::text)?.map(Arc::from));
    let rounding = match payload.u8()? {
        0 => Rounding::Floor,
        1 => Rounding::Ceiling,
        other => return internal_err!("no rounding has number {other}"),
    };
    let function = convert_time(target, rounding, payload.text()?.to_owned());
    if function.name() == name { Ok(function) } else { Err(unknown("function", name)) }
}
