//! Times that no clock shows, such as a producer's nanoseconds taken for milliseconds, are kept in `timestamp` and
//! compared as they are. Calculating with one would fail the whole query: there it counts as null.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{Expr, ExprSchemable, Operator, ScalarUDF};
use tapline_model::schema::micros_type;

use super::function;

/// What fits into nanoseconds, in which DataFusion calculates: the years 1677 to 2262. Microseconds.
const PLAUSIBLE: std::ops::RangeInclusive<i64> = i64::MIN / 1_000..=i64::MAX / 1_000;

/// Functions that fail on other times.
const CALCULATING: [&str; 4] = ["date_bin", "date_trunc", "to_char", "to_local_time"];

/// Puts the guard around time columns that are calculated with.
#[derive(Debug)]
pub(super) struct GuardTimes;

impl FunctionRewrite for GuardTimes {
    fn name(&self) -> &'static str {
        "guard_times"
    }

    fn rewrite(&self, mut expr: Expr, schema: &DFSchema, _config: &ConfigOptions) -> Result<Transformed<Expr>> {
        let arguments: Vec<&mut Expr> = match &mut expr {
            Expr::ScalarFunction(call) if CALCULATING.contains(&call.func.name()) => call.args.iter_mut().collect(),
            Expr::BinaryExpr(binary) if matches!(binary.op, Operator::Plus | Operator::Minus) => {
                vec![&mut binary.left, &mut binary.right]
            }
            Expr::Cast(cast) => vec![&mut cast.expr],
            Expr::TryCast(cast) => vec![&mut cast.expr],
            _ => return Ok(Transformed::no(expr)),
        };
        let mut guarded = false;
        for argument in arguments {
            if matches!(argument, Expr::Column(_)) && argument.get_type(schema)? == micros_type() {
                *argument = plausible_time().call(vec![argument.clone()]);
                guarded = true;
            }
        }
        Ok(if guarded { Transformed::yes(expr) } else { Transformed::no(expr) })
    }
}

fn plausible_time() -> ScalarUDF {
    function("plausible_time", vec![micros_type()], micros_type(), |arguments| {
        let times = arguments[0].as_primitive::<TimestampMicrosecondType>();
        if times.iter().flatten().all(|time| PLAUSIBLE.contains(&time)) {
            return Ok(Arc::clone(&arguments[0]));
        }
        let plausible = times.iter().map(|time| time.filter(|time| PLAUSIBLE.contains(time)));
        Ok(Arc::new(plausible.collect::<TimestampMicrosecondArray>().with_timezone("UTC")) as ArrayRef)
    })
}
