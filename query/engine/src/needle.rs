//! From a filter to hashes of the ID index: which rows can match at all.
//!
//! Every equality that is understood here only narrows what is read; the filter itself is still applied to each row.
//! A value that is not understood narrows nothing.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use tapline_index::keys;
use tapline_model::{Address, id};

use crate::functions;

/// For each filter that names IDs: hashes of which a row must be found under at least one. A row must satisfy all.
pub(crate) fn needles(filters: &[Expr]) -> Vec<Vec<u64>> {
    filters.iter().filter_map(alternatives).collect()
}

/// Whether few rows of a file are likely to match, so that the other columns are best read afterwards.
pub(crate) fn is_selective(filters: &[Expr]) -> bool {
    filters.iter().any(selects_few)
}

fn selects_few(filter: &Expr) -> bool {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            let common = |side: &Expr| matches!(side, Expr::Column(column) if is_common(&column.name));
            !common(left) && !common(right)
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => selects_few(left) && selects_few(right),
        Expr::InList(InList { expr, negated: false, .. }) => {
            !matches!(expr.as_ref(), Expr::Column(column) if is_common(&column.name))
        }
        Expr::Like(like) => !like.negated,
        _ => false,
    }
}

/// Columns of which one value is shared by many rows.
fn is_common(column: &str) -> bool {
    matches!(
        column,
        "source"
            | "system"
            | "destination"
            | "partition"
            | "incarnation"
            | "leader_epoch"
            | "timestamp_kind"
            | "format"
            | "schema_id"
            | "type"
            | "producer"
            | "ids_dropped"
    )
}

fn alternatives(filter: &Expr) -> Option<Vec<u64>> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            let hash = hash(left, right).or_else(|| hash(right, left))?;
            Some(vec![hash])
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let (mut left, right) = (alternatives(left)?, alternatives(right)?);
            left.extend(right);
            Some(left)
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            alternatives(left).or_else(|| alternatives(right))
        }
        Expr::InList(InList { expr, list, negated: false }) => list.iter().map(|value| hash(expr, value)).collect(),
        Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == "array_has" => match &args[..] {
            [list, value] if is_column(list, "ids") => {
                let text = bytes(value)?;
                let (_, value) = std::str::from_utf8(&text).ok()?.split_once('=')?;
                Some(vec![id::hash_value(value)])
            }
            _ => None,
        },
        _ => None,
    }
}

/// The hash under which every row is found whose `side` equals the literal `value`.
fn hash(side: &Expr, value: &Expr) -> Option<u64> {
    let value = bytes(value)?;
    let text = || std::str::from_utf8(&value).ok();
    match side {
        Expr::Column(column) if keys::COLUMNS.contains(&column.name.as_str()) => text().map(id::hash_value),
        Expr::Column(column) if column.name == "key" => id::key_text(&value).map(|key| id::hash_value(&key)),
        Expr::ScalarFunction(ScalarFunction { func, args }) => match (func.name(), args.first()?) {
            (functions::TEXT, key) if is_column(key, "key") => id::key_text(&value).map(|key| id::hash_value(&key)),
            (functions::ID, ids) if is_column(ids, "ids") => text().map(id::hash_value),
            (functions::ADDRESS, source)
                if is_column(source, "source") && args.len() == functions::ADDRESS_COLUMNS.len() =>
            {
                let whole = args.iter().zip(functions::ADDRESS_COLUMNS).all(|(arg, name)| is_column(arg, name));
                whole.then(|| Address::parse(text()?).ok()).flatten().map(|address| address.hash())
            }
            _ => None,
        },
        _ => None,
    }
}

fn is_column(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Column(column) if column.name == name)
}

fn bytes(literal: &Expr) -> Option<Vec<u8>> {
    match literal {
        Expr::Literal(ScalarValue::Utf8(text) | ScalarValue::Utf8View(text) | ScalarValue::LargeUtf8(text), _) => {
            text.as_ref().map(|text| text.as_bytes().to_vec())
        }
        Expr::Literal(
            ScalarValue::Binary(bytes) | ScalarValue::BinaryView(bytes) | ScalarValue::LargeBinary(bytes),
            _,
        ) => bytes.clone(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{col, lit};

    use super::*;

    #[test]
    fn equalities_on_ids_are_needles() {
        let hash = id::hash_value("a");
        assert_eq!(needles(&[col("trace_id").eq(lit("a"))]), vec![vec![hash]]);
        assert_eq!(needles(&[lit("a").eq(col("message_id"))]), vec![vec![hash]]);
        let either = col("trace_id").eq(lit("a")).or(col("correlation_id").eq(lit("b")));
        assert_eq!(needles(&[either]), vec![vec![hash, id::hash_value("b")]]);
        let list = col("message_id").in_list(vec![lit("a"), lit("b")], false);
        assert_eq!(needles(&[list]), vec![vec![hash, id::hash_value("b")]]);
    }

    #[test]
    fn what_is_not_in_the_index_narrows_nothing() {
        let none = Vec::<Vec<u64>>::new();
        assert_eq!(needles(&[col("span_id").eq(lit("a"))]), none);
        assert_eq!(needles(&[col("trace_id").not_eq(lit("a"))]), none);
        assert_eq!(needles(&[col("trace_id").eq(lit("a")).or(col("type").eq(lit("b")))]), none);
        assert_eq!(needles(&[col("message_id").in_list(vec![lit("a"), col("type")], false)]), none);
        assert_eq!(needles(&[col("message_id").in_list(vec![lit("a")], true)]), none);
        assert_eq!(needles(&[col("key").eq(lit(ScalarValue::BinaryView(Some(vec![0xff]))))]), none);
        assert_eq!(needles(&[col("key").eq(lit(ScalarValue::BinaryView(Some(Vec::new()))))]), none);
    }

    #[test]
    fn a_uuid_key_is_found_in_any_spelling() {
        let upper = "0B1E5C4A-0000-4000-8000-00000000000F";
        let found = needles(&[col("key").eq(lit(ScalarValue::BinaryView(Some(upper.as_bytes().to_vec()))))]);
        assert_eq!(found, vec![vec![id::hash_value(&upper.to_lowercase())]]);
    }
}
