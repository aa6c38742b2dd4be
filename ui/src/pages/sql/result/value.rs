//! Values as they are shown: thousands for whole numbers, clocks in the zone, JSON for what is nested.

use serde_json::Value;
use tapline_api::SqlColumn;

use super::super::schema::short;
use crate::{
    format::{number, time},
    state::settings::Zone,
};

/// What a column holds, as far as drawing it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// To the right.
    Number,
    /// In the user's zone.
    Time,
    /// As it is.
    Text,
}

/// How a column is drawn.
pub(super) fn manner(column: &SqlColumn) -> Manner {
    match short(&column.data_type) {
        "int" | "num" => Manner::Number,
        "time" => Manner::Time,
        _ => Manner::Text,
    }
}

/// The value without any dressing.
pub(super) fn raw(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The value as it is shown.
pub(super) fn text(value: &Value, manner: Manner, zone: Zone) -> String {
    match (value, manner) {
        (Value::Null, _) => "null".to_owned(),
        (Value::Number(number), Manner::Number) => match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) => number::exact(whole),
            (None, Some(whole)) => format!("−{}", number::exact(whole.unsigned_abs())),
            (None, None) => number.to_string(),
        },
        (Value::String(text), Manner::Number) => text.parse::<u64>().map_or_else(|_| text.clone(), number::exact),
        (Value::String(text), Manner::Time) => match time::parse(text).map(|micros| micros.div_euclid(1000)) {
            // Whole seconds are those of buckets: nothing is left out.
            Some(at) if at % 1000 == 0 => format!("{} {}", time::day(at, zone), time::second(at, zone)),
            Some(at) => format!("{} {}", time::day(at, zone), time::milli(at, zone)),
            None => text.clone(),
        },
        (other, _) => raw(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_shown_as_their_column_asks() {
        assert_eq!(text(&json!(1284), Manner::Number, Zone::Utc), "1,284");
        assert_eq!(text(&json!(-1284), Manner::Number, Zone::Utc), "−1,284");
        assert_eq!(text(&json!(0.25), Manner::Number, Zone::Utc), "0.25");
        assert_eq!(text(&json!("9007199254740993"), Manner::Number, Zone::Utc), "9,007,199,254,740,993");
        assert_eq!(text(&json!("2026-11-21T03:12:44.197402Z"), Manner::Time, Zone::Utc), "21 Nov 03:12:44.197");
        assert_eq!(text(&json!("2026-11-21T03:10:00.000000Z"), Manner::Time, Zone::Utc), "21 Nov 03:10:00");
        assert_eq!(text(&json!({"a": [1]}), Manner::Text, Zone::Utc), r#"{"a":[1]}"#);
    }
}
