//! Functions whose results may be longer than their arguments: they tell how long before they begin.

use std::any::Any;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type, Schema};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion::logical_expr::{
    BinaryExpr, Cast, ColumnarValue, Expr, LogicalPlan, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, TryCast, Volatility,
};
use datafusion::optimizer::{AnalyzerRule, ApplyOrder, OptimizerConfig, OptimizerRule};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr as Joined, Column};

use super::weigh::{self, Views};
use super::{MOST_MADE, TooLarge};

/// Pairs of characters that `levenshtein` compares in one step.
const MOST_COMPARED: usize = 1 << 28;

/// Values of a type of fixed length.
const MOST_FIXED: i32 = 4_096;

/// How long a result may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Growth {
    /// As all arguments together.
    Sum,
    /// All others, with the first between each two.
    Joined,
    /// The first, as often as the second says.
    Repeated,
    /// As many characters as the second says.
    Padded,
    /// The first, where each occurrence of the second becomes the third.
    Replaced,
    /// The first, where each match becomes the third.
    Matched,
    /// The items of the first as text, with the others between them.
    Listed,
    /// An item for each character of the first.
    Split,
    /// The list, where each item may become the third.
    Items,
    /// What the second describes.
    Formatted,
    /// Each character of one with each of the other: time, not length.
    Compared,
}

impl Growth {
    fn of(function: &str) -> Option<Self> {
        Some(match function {
            "concat" | "make_array" | "array_concat" | "array_append" | "array_prepend" | "array_union" | "struct"
            | "named_struct" | "map" | "overlay" | "arrays_zip" => Self::Sum,
            "concat_ws" => Self::Joined,
            "repeat" => Self::Repeated,
            "lpad" | "rpad" => Self::Padded,
            "replace" => Self::Replaced,
            "regexp_replace" => Self::Matched,
            "array_to_string" => Self::Listed,
            "string_to_array" => Self::Split,
            "array_replace" | "array_replace_n" | "array_replace_all" => Self::Items,
            "to_char" => Self::Formatted,
            "levenshtein" => Self::Compared,
            _ => return None,
        })
    }

    /// Bytes of the result of each row, at most.
    fn bytes(self, lengths: &Lengths<'_>, row: usize) -> usize {
        let of = |at| lengths.bytes(at, row);
        let all = || (0..lengths.count()).map(of).fold(0, usize::saturating_add);
        match self {
            Self::Sum => all(),
            Self::Joined => all().saturating_add(of(0).saturating_mul(lengths.count())),
            Self::Repeated => of(0).saturating_mul(lengths.number(1, row)),
            Self::Padded => of(0).saturating_add(lengths.number(1, row).saturating_mul(4)),
            Self::Replaced => {
                let (text, from, to) = (of(0), of(1), of(2));
                let most = text.saturating_add((text / from.max(1) + 1).saturating_mul(to));
                match () {
                    () if from > 0 && to <= from => text,
                    () if most <= MOST_MADE => most,
                    () => lengths.replaced(row),
                }
            }
            Self::Matched => {
                let (text, to) = (of(0), of(2));
                let parts = 1 + lengths.references(2, row);
                let all = lengths.count() > 3;
                text.saturating_mul(parts).saturating_add(if all { (text + 1).saturating_mul(to) } else { to })
            }
            Self::Listed => {
                // A number is at most so long, an item at least a byte.
                let items = lengths.items(0, row);
                let between = (1..lengths.count()).map(of).fold(24, usize::saturating_add);
                of(0).saturating_add(items.saturating_mul(between))
            }
            Self::Split => of(0).saturating_mul(20),
            Self::Items => of(0).saturating_add(lengths.items(0, row).saturating_mul(of(2))),
            Self::Formatted => of(1).saturating_mul(12),
            Self::Compared => of(0).saturating_mul(of(1)),
        }
    }
}

/// The arguments of one call.
struct Lengths<'a> {
    args: &'a [ColumnarValue],
    bytes: Vec<Vec<usize>>,
}

impl<'a> Lengths<'a> {
    fn new(args: &'a [ColumnarValue]) -> Result<Self> {
        let bytes = args.iter().map(|arg| {
            Ok(match arg {
                ColumnarValue::Array(array) => weigh::rows(array, Views::Shown),
                ColumnarValue::Scalar(value) => weigh::rows(&value.to_array()?, Views::Shown),
            })
        });
        Ok(Self { args, bytes: bytes.collect::<Result<_>>()? })
    }

    fn count(&self) -> usize {
        self.args.len()
    }

    /// Bytes of an argument; a scalar is the same in each row.
    fn bytes(&self, at: usize, row: usize) -> usize {
        let Some(rows) = self.bytes.get(at) else { return 0 };
        let bytes = if rows.len() == 1 { rows.first() } else { rows.get(row) };
        // Sixteen of a view are the view.
        let view =
            self.args.get(at).is_some_and(|arg| matches!(arg.data_type(), DataType::Utf8View | DataType::BinaryView));
        let text = self.args.get(at).is_some_and(|arg| matches!(arg.data_type(), DataType::Utf8 | DataType::LargeUtf8));
        let own = if view {
            16
        } else if text {
            8
        } else {
            0
        };
        bytes.map_or(0, |bytes| bytes.saturating_sub(own))
    }

    fn number(&self, at: usize, row: usize) -> usize {
        let number = match self.args.get(at) {
            Some(ColumnarValue::Scalar(ScalarValue::Int64(number))) => *number,
            Some(ColumnarValue::Array(array)) => {
                array.as_primitive_opt::<Int64Type>().filter(|array| array.is_valid(row)).map(|array| array.value(row))
            }
            // Of a type that the function does not take.
            _ => None,
        };
        usize::try_from(number.unwrap_or(0)).unwrap_or(0)
    }

    fn text(&self, at: usize, row: usize) -> Option<&str> {
        match self.args.get(at)? {
            ColumnarValue::Scalar(value) => value.try_as_str().flatten(),
            ColumnarValue::Array(array) if array.is_null(row) => None,
            ColumnarValue::Array(array) => match array.data_type() {
                DataType::Utf8View => Some(array.as_string_view().value(row)),
                DataType::Utf8 => Some(array.as_string::<i32>().value(row)),
                DataType::LargeUtf8 => Some(array.as_string::<i64>().value(row)),
                _ => None,
            },
        }
    }

    /// The length of `replace`, counted.
    fn replaced(&self, row: usize) -> usize {
        let (Some(text), Some(from), Some(to)) = (self.text(0, row), self.text(1, row), self.text(2, row)) else {
            return 0;
        };
        text.len().saturating_add(text.matches(from).count().saturating_mul(to.len()))
    }

    /// Parts of a match that a replacement names.
    fn references(&self, at: usize, row: usize) -> usize {
        self.text(at, row).map_or(0, |text| text.bytes().filter(|byte| matches!(byte, b'\\' | b'$')).count())
    }

    /// Items of a list, those of lists inside of it too; at most.
    fn items(&self, at: usize, row: usize) -> usize {
        fn leaves(array: &ArrayRef) -> usize {
            match array.data_type() {
                DataType::List(_) => leaves(&inside(array.as_list::<i32>().offsets(), array.as_list::<i32>().values())),
                DataType::LargeList(_) => array.as_list::<i64>().values().len(),
                _ => array.len(),
            }
        }
        fn inside(offsets: &[i32], values: &ArrayRef) -> ArrayRef {
            let place = |offset: Option<&i32>| usize::try_from(offset.copied().unwrap_or(0)).unwrap_or(0);
            let (first, last) = (place(offsets.first()), place(offsets.last()));
            values.slice(first, last - first)
        }
        match self.args.get(at) {
            Some(ColumnarValue::Array(array)) => leaves(&array.slice(row, 1)),
            Some(ColumnarValue::Scalar(value)) => value.to_array().map_or(0, |array| leaves(&array)),
            None => 0,
        }
    }
}

/// Refuses a call that would make too much.
fn check(growth: Growth, name: &str, args: &ScalarFunctionArgs) -> Result<()> {
    let lengths = Lengths::new(&args.args)?;
    let rows = args.number_rows;
    let scalars = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
    let most = if growth == Growth::Compared { MOST_COMPARED } else { MOST_MADE };
    let mut sum = 0usize;
    for row in 0..if scalars { 1 } else { rows } {
        let bytes = growth.bytes(&lengths, row);
        sum = sum.saturating_add(bytes);
        if sum > most {
            let made = if growth == Growth::Compared { "comparisons" } else { "bytes" };
            return Err(TooLarge::error(format!(
                "`{name}` would make {bytes} {made} of one row, and {most} are the most for all rows of a step; shorten \
                 what it is given with substr"
            )));
        }
    }
    Ok(())
}

/// A function that is asked how long its results become before it begins.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Guarded {
    inner: Arc<ScalarUDF>,
    growth: Growth,
}

impl ScalarUDFImpl for Guarded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn is_strict(&self) -> bool {
        self.inner.is_strict()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        check(self.growth, self.name(), &args)?;
        self.inner.invoke_with_args(args)
    }

    fn simplify(&self, args: Vec<Expr>, context: &SimplifyContext) -> Result<ExprSimplifyResult> {
        Ok(match self.inner.simplify(args, context)? {
            ExprSimplifyResult::Simplified(expr) => ExprSimplifyResult::Simplified(expr.transform_up(guard)?.data),
            original => original,
        })
    }

    fn conditional_arguments<'a>(&self, args: &'a [Expr]) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.inner.conditional_arguments(args)
    }

    fn short_circuits(&self) -> bool {
        self.inner.short_circuits()
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(types)
    }
}

/// `a || b` of texts, which is an operator and no function.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Concat {
    signature: Signature,
}

impl Concat {
    fn call(left: Expr, right: Expr) -> Expr {
        let function = Self { signature: Signature::any(2, Volatility::Immutable) };
        Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::from(function)), vec![left, right]))
    }
}

impl ScalarUDFImpl for Concat {
    fn name(&self) -> &'static str {
        "||"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let [left, right] = types else { return plan_err!("|| has two sides") };
        BinaryTypeCoercer::new(left, &Operator::StringConcat, right).get_result_type()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        check(Growth::Sum, "||", &args)?;
        let scalars = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if scalars { 1 } else { args.number_rows };
        let sides = args.args.iter().map(|side| side.clone().into_array(rows)).collect::<Result<Vec<_>>>()?;
        let fields: Vec<Field> = sides
            .iter()
            .enumerate()
            .map(|(at, side)| Field::new(at.to_string(), side.data_type().clone(), true))
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), sides, &options)?;
        let side = |at: usize| Arc::new(Column::new(&at.to_string(), at)) as Arc<dyn PhysicalExpr>;
        let joined = Joined::new(side(0), Operator::StringConcat, side(1)).evaluate(&batch)?;
        match joined {
            ColumnarValue::Array(array) if scalars => {
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?))
            }
            joined => Ok(joined),
        }
    }
}

/// Puts the guard around a call that needs one.
fn guard(expr: Expr) -> Result<Transformed<Expr>> {
    match expr {
        Expr::ScalarFunction(call) => {
            let name = call.func.name();
            if matches!(name, "range" | "generate_series" | "array_repeat" | "array_resize") {
                return plan_err!("`{name}` is refused, its length has no bound; leave it out");
            }
            if matches!(name, "arrow_cast" | "arrow_try_cast")
                && matches!(call.args.get(1), Some(Expr::Literal(kind, _)) if kind.to_string().contains("FixedSize"))
            {
                return plan_err!("types of a fixed size are refused; cast to Binary, Utf8 or List");
            }
            let inner: &dyn Any = call.func.inner().as_ref();
            match Growth::of(name).filter(|_| !inner.is::<Guarded>()) {
                None => Ok(Transformed::no(Expr::ScalarFunction(call))),
                Some(growth) => {
                    let guarded = ScalarUDF::from(Guarded { inner: call.func, growth });
                    Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(guarded), call.args))))
                }
            }
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right }) => {
            Ok(Transformed::yes(Concat::call(*left, *right)))
        }
        Expr::Cast(Cast { ref field, .. }) | Expr::TryCast(TryCast { ref field, .. })
            if is_fixed(field.data_type()) =>
        {
            plan_err!("types of a fixed size are refused; cast to Binary, Utf8 or List")
        }
        other => Ok(Transformed::no(other)),
    }
}

fn is_fixed(kind: &DataType) -> bool {
    matches!(kind, DataType::FixedSizeBinary(size) | DataType::FixedSizeList(_, size) if *size > MOST_FIXED)
}

fn guard_plan(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let names = NamePreserver::new(&plan);
    plan.map_expressions(|expr| {
        let name = names.save(&expr);
        Ok(expr.transform_up(guard)?.update_data(|expr| name.restore(expr)))
    })
}

/// Puts guards around calls before any of them is computed.
#[derive(Debug)]
pub(crate) struct Guards;

impl AnalyzerRule for Guards {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(guard_plan)?.data)
    }

    fn name(&self) -> &'static str {
        "guards"
    }
}

/// And around those that other rules made.
impl OptimizerRule for Guards {
    fn name(&self) -> &'static str {
        "guards"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        guard_plan(plan)
    }
}
