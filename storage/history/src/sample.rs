//! A row: how a group stood at one moment, on one partition or as a whole.

use std::sync::{Arc, LazyLock};

use arrow::array::{
    ArrayRef, Decimal128Array, Float32Array, Int32Array, Int64Array, RecordBatch, StringViewArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

/// The partition of rows that stand for a group as a whole, whose destination is empty.
pub const WHOLE: i32 = -1;

/// Of the files: sorted by the first five.
pub static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name| Field::new(name, DataType::Utf8View, false);
    let at = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Arc::new(Schema::new(vec![
        text("source"),
        text("group_name"),
        text("destination"),
        Field::new("partition", DataType::Int32, false),
        Field::new("at", at, false),
        text("state"),
        Field::new("committed", DataType::Int64, true),
        Field::new("lag", DataType::Int64, true),
        Field::new("seconds_behind", SECONDS, true),
        Field::new("written_rate", DataType::Float32, true),
        Field::new("read_rate", DataType::Float32, true),
        Field::new("rebalances", DataType::Int32, true),
    ]))
});

/// Tenths of seconds pack into few bits, and every engine reads them as what they are. Up to three years.
const SECONDS: DataType = DataType::Decimal128(9, 1);

/// The most of [`SECONDS`].
const MOST: f64 = 999_999_999.0;

/// How a group stood at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Microseconds since 1970.
    pub at: i64,
    /// Name of the source.
    pub source: Arc<str>,
    /// Id of the group.
    pub group: Arc<str>,
    /// Destination and partition; `None` for all of the group together.
    pub place: Option<(Arc<str>, i32)>,
    /// The contract's word.
    pub state: &'static str,
    /// The next offset that it reads; of the whole group nothing.
    pub committed: Option<i64>,
    /// Records not read.
    pub lag: Option<i64>,
    /// Since the first of these was written, seconds.
    pub behind: Option<f64>,
    /// Records a second, of a whole group.
    pub written: Option<f64>,
    /// Records a second, of a whole group.
    pub read: Option<f64>,
    /// How often its members shared anew since the row before, of a whole group.
    pub rebalances: Option<i32>,
}

impl Sample {
    /// By what rows are sorted, but for the time.
    pub(crate) fn key(&self) -> (&str, &str, &str, i32) {
        let (destination, partition) = self.place();
        (&self.source, &self.group, destination, partition)
    }

    fn place(&self) -> (&str, i32) {
        self.place.as_ref().map_or(("", WHOLE), |(name, number)| (name, *number))
    }
}

/// Rows of [`SCHEMA`], sorted.
pub(crate) fn batch(mut samples: Vec<&Sample>) -> Result<RecordBatch, ArrowError> {
    samples.sort_by(|one, other| (one.key(), one.at).cmp(&(other.key(), other.at)));
    let all = || samples.iter();
    let tenths = |seconds: f64| i128::from((seconds * 10.0).clamp(0.0, MOST).round() as i64);
    let seconds: Decimal128Array = all().map(|it| it.behind.map(tenths)).collect();
    #[expect(clippy::cast_possible_truncation, reason = "a rate to be drawn")]
    let rate =
        |of: fn(&Sample) -> Option<f64>| all().map(|it| of(it).map(|rate| rate as f32)).collect::<Float32Array>();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringViewArray::from_iter_values(all().map(|it| &it.source))),
        Arc::new(StringViewArray::from_iter_values(all().map(|it| &it.group))),
        Arc::new(StringViewArray::from_iter_values(all().map(|it| it.place().0))),
        Arc::new(Int32Array::from_iter_values(all().map(|it| it.place().1))),
        Arc::new(TimestampMicrosecondArray::from_iter_values(all().map(|it| it.at)).with_timezone("UTC")),
        Arc::new(StringViewArray::from_iter_values(all().map(|it| it.state))),
        Arc::new(all().map(|it| it.committed).collect::<Int64Array>()),
        Arc::new(all().map(|it| it.lag).collect::<Int64Array>()),
        Arc::new(seconds.with_precision_and_scale(9, 1)?),
        Arc::new(rate(|it| it.written)),
        Arc::new(rate(|it| it.read)),
        Arc::new(all().map(|it| it.rebalances).collect::<Int32Array>()),
    ];
    RecordBatch::try_new(Arc::clone(&SCHEMA), columns)
}
