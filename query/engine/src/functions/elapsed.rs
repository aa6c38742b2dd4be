//! The time between two moments, compared and counted as PostgreSQL does.
//!
//! DataFusion compares intervals by months, then days, then nanoseconds, so that fifty years in nanoseconds are less
//! than `interval '1 day'`; and `extract(epoch FROM a - b)` drops fractions of a second. Both are rewritten.

use arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator, binary_expr};

/// `a - b < interval` becomes `a < b + interval`, `extract(epoch FROM a - b)` the difference of two epochs.
#[derive(Debug)]
pub(super) struct Elapsed;

impl FunctionRewrite for Elapsed {
    fn name(&self) -> &'static str {
        "elapsed"
    }

    fn rewrite(&self, expr: Expr, schema: &DFSchema, _config: &ConfigOptions) -> Result<Transformed<Expr>> {
        let rewritten = match &expr {
            Expr::BinaryExpr(comparison) if is_comparison(comparison.op) => compared(comparison, schema),
            Expr::ScalarFunction(call) if call.func.name() == "date_part" => seconds(call, schema),
            _ => None,
        };
        Ok(rewritten.map_or_else(|| Transformed::no(expr), Transformed::yes))
    }
}

fn is_comparison(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

fn compared(comparison: &BinaryExpr, schema: &DFSchema) -> Option<Expr> {
    let BinaryExpr { left, op, right } = comparison;
    if let (Some((later, earlier)), true) = (difference(left, schema), is_interval(right, schema)) {
        let bound = binary_expr(earlier.clone(), Operator::Plus, right.as_ref().clone());
        return Some(binary_expr(later.clone(), *op, bound));
    }
    let (later, earlier) = difference(right, schema).filter(|_| is_interval(left, schema))?;
    let bound = binary_expr(earlier.clone(), Operator::Plus, left.as_ref().clone());
    Some(binary_expr(bound, *op, later.clone()))
}

fn seconds(call: &ScalarFunction, schema: &DFSchema) -> Option<Expr> {
    let [part, elapsed] = &call.args[..] else { return None };
    let Expr::Literal(ScalarValue::Utf8(Some(word)) | ScalarValue::Utf8View(Some(word)), _) = part else { return None };
    let (later, earlier) = difference(elapsed, schema).filter(|_| word.eq_ignore_ascii_case("epoch"))?;
    let epoch = |moment: &Expr| call.func.call(vec![part.clone(), moment.clone()]);
    Some(binary_expr(epoch(later), Operator::Minus, epoch(earlier)))
}

/// The two moments of `a - b`.
fn difference<'a>(expr: &'a Expr, schema: &DFSchema) -> Option<(&'a Expr, &'a Expr)> {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Minus, right }) = expr else { return None };
    let is_moment = |side: &Expr| matches!(side.get_type(schema), Ok(DataType::Timestamp(..)));
    (is_moment(left) && is_moment(right)).then_some((left.as_ref(), right.as_ref()))
}

fn is_interval(expr: &Expr, schema: &DFSchema) -> bool {
    matches!(expr.get_type(schema), Ok(DataType::Interval(_)))
}
