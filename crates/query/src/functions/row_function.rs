//! A scalar function of a dialect: a name, the type of its result, and a body over whole arrays.
//!
//! The body sees every argument as an array. Where all of them are constants it is called for one
//! row, and its one value is a constant again.

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{ScalarValue, internal_datafusion_err};
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature};
use model::{Error, ErrorKind};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

type Coerce = Box<dyn Fn(&[DataType]) -> Result<Vec<DataType>> + Send + Sync>;
type Returns = Box<dyn Fn(&RowArguments<'_>) -> Result<Field> + Send + Sync>;
type Run = Box<dyn Fn(&RowCall<'_>) -> Result<ArrayRef> + Send + Sync>;
type Simplify = Box<dyn Fn(Vec<Expr>, &SimplifyContext) -> Result<ExprSimplifyResult> + Send + Sync>;

/// A scalar function. No two of a session share a name, so that the name is all that tells them
/// apart.
pub struct RowFunction {
    name: &'static str,
    signature: Signature,
    coerce: Option<Coerce>,
    returns: Returns,
    run: Run,
    simplify: Option<Simplify>,
}

/// The arguments of a call as planning knows them.
#[derive(Debug)]
pub struct RowArguments<'a> {
    /// The name of the function.
    pub name: &'static str,
    /// Their types and what was declared of them.
    pub fields: &'a [FieldRef],
    /// Those that are constants.
    pub constants: &'a [Option<&'a ScalarValue>],
}

/// A call with its values.
#[derive(Debug)]
pub struct RowCall<'a> {
    /// The name of the function.
    pub name: &'static str,
    /// The values.
    pub arguments: &'a [ArrayRef],
    /// Their types and what was declared of them.
    pub fields: &'a [FieldRef],
    /// How many rows there are.
    pub rows: usize,
    /// The type of the result.
    pub returned: &'a DataType,
    /// The session's, its time zone among them.
    pub options: &'a ConfigOptions,
}

impl RowFunction {
    /// A function whose result has a type and nothing declared.
    pub fn new(
        name: &'static str,
        signature: Signature,
        returns: impl Fn(&RowArguments<'_>) -> Result<DataType> + Send + Sync + 'static,
        run: impl Fn(&RowCall<'_>) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Self {
        Self::declaring(name, signature, move |arguments| Ok(Field::new("", returns(arguments)?, true)), run)
    }

    /// A function that declares more of its result than a type. Name and nullability of the field
    /// are not asked: the result is called like the function, and may be NULL.
    pub fn declaring(
        name: &'static str,
        signature: Signature,
        returns: impl Fn(&RowArguments<'_>) -> Result<Field> + Send + Sync + 'static,
        run: impl Fn(&RowCall<'_>) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Self {
        Self { name, signature, coerce: None, returns: Box::new(returns), run: Box::new(run), simplify: None }
    }

    /// The same function with the types that its arguments are converted to; for a signature that
    /// leaves them to the function.
    #[must_use]
    pub fn coercing(mut self, coerce: impl Fn(&[DataType]) -> Result<Vec<DataType>> + Send + Sync + 'static) -> Self {
        self.coerce = Some(Box::new(coerce));
        self
    }

    /// The same function with what planning may make of a call.
    #[must_use]
    pub fn simplified(
        mut self,
        simplify: impl Fn(Vec<Expr>, &SimplifyContext) -> Result<ExprSimplifyResult> + Send + Sync + 'static,
    ) -> Self {
        self.simplify = Some(Box::new(simplify));
        self
    }
}

impl RowArguments<'_> {
    /// Their types.
    #[must_use]
    pub fn types(&self) -> Vec<DataType> {
        self.fields.iter().map(|field| field.data_type().clone()).collect()
    }

    /// `name(type, ...)`
    #[must_use]
    pub fn call_text(&self) -> String {
        let types: Vec<String> = self.fields.iter().map(|field| field.data_type().to_string()).collect();
        format!("{}({})", self.name, types.join(", "))
    }

    /// There is no such function for arguments of these types.
    #[must_use]
    pub fn unknown(&self) -> DataFusionError {
        let error = Error::new(ErrorKind::FunctionNotFound { function: self.call_text() });
        DataFusionError::External(Box::new(error))
    }
}

impl RowCall<'_> {
    /// The values of a function of so many arguments.
    ///
    /// # Errors
    /// An internal error where the signature let another number pass.
    pub fn exactly<const N: usize>(&self) -> Result<&[ArrayRef; N]> {
        let wrong = || internal_datafusion_err!("{} takes {N} arguments, not {}", self.name, self.arguments.len());
        self.arguments.as_array().ok_or_else(wrong)
    }
}

impl fmt::Debug for RowFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowFunction").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for RowFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for RowFunction {}

impl Hash for RowFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for RowFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match &self.coerce {
            Some(coerce) => coerce(types),
            None => Ok(types.to_vec()),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let fields: Vec<FieldRef> =
            types.iter().map(|data_type| Field::new("", data_type.clone(), true).into()).collect();
        let arguments = RowArguments { name: self.name, fields: &fields, constants: &vec![None; fields.len()] };
        Ok((self.returns)(&arguments)?.data_type().clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let arguments = RowArguments { name: self.name, fields: args.arg_fields, constants: args.scalar_arguments };
        Ok(Arc::new((self.returns)(&arguments)?.with_name(self.name).with_nullable(true)))
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        match &self.simplify {
            Some(simplify) => simplify(args, info),
            None => Ok(ExprSimplifyResult::Original(args)),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let arrays = args.args.into_iter().map(|argument| argument.into_array(rows)).collect::<Result<Vec<_>>>()?;
        let values = (self.run)(&RowCall {
            name: self.name,
            arguments: &arrays,
            fields: &args.arg_fields,
            rows,
            returned: args.return_field.data_type(),
            options: &args.config_options,
        })?;
        if constant && values.len() == 1 {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&values, 0)?));
        }
        Ok(ColumnarValue::Array(values))
    }
}

#[cfg(test)]
mod tests {
    use super::RowFunction;
    use crate::Profile;
    use crate::scan::memory::meters;
    use crate::testing::Bench;
    use arrow::array::{ArrayRef, AsArray, Int64Array};
    use arrow::datatypes::{DataType, Int64Type};
    use datafusion::logical_expr::{ScalarUDF, ScalarUDFImpl as _, Signature, Volatility};
    use std::sync::Arc;

    /// Its argument and how many rows it was called for.
    fn plus_rows() -> RowFunction {
        RowFunction::new(
            "plus_rows",
            Signature::any(1, Volatility::Immutable),
            |arguments| match arguments.types().as_slice() {
                [DataType::Int64] => Ok(DataType::Int64),
                _ => Err(arguments.unknown()),
            },
            |call| {
                let [values] = call.exactly()?;
                let rows = i64::try_from(call.rows).unwrap();
                let sums: Int64Array = values.as_primitive::<Int64Type>().unary(|value| value + rows);
                Ok(Arc::new(sums) as ArrayRef)
            },
        )
    }

    #[tokio::test]
    async fn columns_come_whole_and_constants_as_one_row() {
        let mut bench = Bench::new().profile(Profile::builder().scalar(plus_rows()).build());
        let row = |meter| ("a", meter, "ann", 1_000, None, None);
        bench.table(meters(&[row(1), row(2), row(3)]));
        let sql = "SELECT plus_rows(10), plus_rows(plus_rows(0)) FROM meters LIMIT 1";
        assert_eq!(bench.rows(sql).await.unwrap(), ["11|2"]);
        let sql = "SELECT max(plus_rows(meter)) > 3 FROM meters";
        assert_eq!(bench.rows(sql).await.unwrap(), ["true"]);
    }

    #[test]
    fn wrong_types_are_named() {
        let error = plus_rows().return_type(&[DataType::Utf8]).unwrap_err();
        assert!(error.to_string().contains("plus_rows(Utf8)"), "{error}");
    }

    #[test]
    fn the_name_tells_functions_apart() {
        let none = |name| {
            let body = |_: &super::RowCall<'_>| Ok(Arc::new(Int64Array::from(vec![0])) as ArrayRef);
            ScalarUDF::from(RowFunction::new(
                name,
                Signature::nullary(Volatility::Immutable),
                |_| Ok(DataType::Int64),
                body,
            ))
        };
        assert_eq!(ScalarUDF::from(plus_rows()), none("plus_rows"));
        assert_ne!(none("a"), none("b"));
    }
}
