//! One event as the walk needs it: place, time, what it is, its identifiers, where it failed. Without its payload.

use arrow::array::{Array, AsArray, RecordBatch, StringViewArray, StructArray};
use arrow::datatypes::{Int32Type, Int64Type};
use tapline_model::columns::{ColumnError, EventColumns, get};
use tapline_model::{Address, id, short_type};

use crate::wording;

/// What is read of each row.
pub(crate) const COLUMNS: [&str; 23] = [
    "source",
    "destination",
    "partition",
    "offset",
    "incarnation",
    "position",
    "timestamp",
    "archived_at",
    "key",
    "format",
    "schema_id",
    "type",
    "producer",
    "message_id",
    "causation_id",
    "correlation_id",
    "conversation_id",
    "trace_id",
    "origin_trace_id",
    "ids",
    "dead_letter",
    "retry",
    "replay_id",
];
/// Not needed to walk, but to show.
pub(crate) const SIZE: &str = "size";

/// What an identifier says of its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    Message,
    Causation,
    Conversation,
    Correlation,
    Trace,
    /// A CloudEvent's own trace: that of the first transmission.
    OriginTrace,
    Key,
    Business,
    Replay,
}

impl Role {
    /// Whether it says to which run of something the row belongs.
    pub(crate) fn is_scope(self) -> bool {
        matches!(self, Self::Conversation | Self::Correlation | Self::Trace | Self::OriginTrace)
    }
}

/// An identifier of a row.
#[derive(Debug, Clone)]
pub(crate) struct RowId {
    /// As spelled.
    pub(crate) name: Box<str>,
    /// In the form in which names are compared.
    pub(crate) normal: Box<str>,
    pub(crate) value: Box<str>,
    pub(crate) role: Role,
}

/// The place that a dead letter or retry names as where it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) destination: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
}

/// A dead letter's facts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dead {
    pub(crate) group: Option<String>,
    pub(crate) root_cause: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) attempts: Option<i32>,
}

/// One event.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) address: Address,
    /// The address as text: how members and edges name it.
    pub(crate) text: Box<str>,
    /// Broker's time in microseconds; absent where the broker has none or says −1.
    pub(crate) time: Option<i64>,
    pub(crate) archived_at: i64,
    pub(crate) event_type: Option<Box<str>>,
    pub(crate) service: Option<Box<str>>,
    pub(crate) ids: Vec<RowId>,
    pub(crate) dead: Option<Dead>,
    /// Attempt on a retry topic; −1 where it is not said.
    pub(crate) retry: Option<i32>,
    /// Of a dead letter or retry.
    pub(crate) origin: Option<Origin>,
    /// Of an event that a replay put back: the one that was chosen. What died or was retried afterwards carries the same
    /// header, and has an origin of its own.
    pub(crate) repeats: Option<Address>,
    pub(crate) schema_id: Option<i32>,
    pub(crate) tombstone: bool,
    pub(crate) size: i32,
}

impl Row {
    /// The time by which rows are ordered: the broker's, else when we got it.
    pub(crate) fn at(&self) -> i64 {
        self.time.unwrap_or(self.archived_at)
    }

    /// Order of rows: time, then address.
    pub(crate) fn order(&self) -> (i64, &str) {
        (self.at(), &self.text)
    }

    /// A dead letter or a retry: another row is the event itself.
    pub(crate) fn is_copy(&self) -> bool {
        self.dead.is_some() || self.retry.is_some()
    }

    /// The first identifier with this role.
    pub(crate) fn id(&self, role: Role) -> Option<&str> {
        self.ids.iter().find(|id| id.role == role).map(|id| &*id.value)
    }

    /// What kind of event it is: its type, else where it stands.
    pub(crate) fn kind(&self) -> &str {
        self.event_type.as_deref().unwrap_or(&self.address.destination)
    }

    /// Whether its topic or type is called after a thing, such as `Order`: `shop.orders`, `OrderPlaced`.
    pub(crate) fn is_about(&self, thing: &str) -> bool {
        let thing = thing.to_lowercase();
        let called = |word: &String| word.strip_suffix('s').unwrap_or(word) == thing || *word == thing;
        wording::words(&self.address.destination).iter().chain(&wording::words(self.kind())).any(called)
    }

    /// The type without the package or namespace before it: `OrderPlaced`.
    pub(crate) fn short_type(&self) -> &str {
        if self.event_type.is_some() { short_type(self.kind()) } else { self.kind() }
    }
}

/// A service's name out of what producers write: CloudEvents' `source` is often a path or URL whose last segment it is.
pub(crate) fn service_name(producer: &str) -> &str {
    let path = producer.contains('/');
    let last = producer.trim_end_matches('/').rsplit('/').next().unwrap_or(producer);
    if path && !last.is_empty() { last } else { producer }
}

/// Reads all rows of a batch that holds [`COLUMNS`]; [`SIZE`] may be absent.
pub(crate) fn read(batch: &RecordBatch) -> Result<Vec<Row>, ColumnError> {
    let reader = RowReader::new(batch)?;
    (0..batch.num_rows()).map(|row| reader.row(row)).collect()
}

struct RowReader<'a> {
    columns: EventColumns<'a>,
    id_columns: Vec<(&'static str, Role, &'a StringViewArray)>,
    dead: &'a StructArray,
    retry: &'a StructArray,
}

const ID_COLUMNS: [(&str, Role); 7] = [
    ("message_id", Role::Message),
    ("causation_id", Role::Causation),
    ("correlation_id", Role::Correlation),
    ("conversation_id", Role::Conversation),
    ("trace_id", Role::Trace),
    ("origin_trace_id", Role::OriginTrace),
    ("replay_id", Role::Replay),
];

impl<'a> RowReader<'a> {
    fn new(batch: &'a RecordBatch) -> Result<Self, ColumnError> {
        let columns = EventColumns::new(batch);
        let id_columns = ID_COLUMNS.iter().map(|(name, role)| Ok((*name, *role, columns.text(name)?)));
        Ok(Self {
            id_columns: id_columns.collect::<Result<_, ColumnError>>()?,
            dead: columns.record("dead_letter")?,
            retry: columns.record("retry")?,
            columns,
        })
    }

    fn row(&self, row: usize) -> Result<Row, ColumnError> {
        let columns = &self.columns;
        let address = columns.address(row)?;
        let (times, schemas) = (columns.micros("timestamp")?, columns.int("schema_id")?);
        let (dead, retry) = (self.dead.is_valid(row), self.retry.is_valid(row));
        let origin = if dead { origin(self.dead, row) } else { None };
        let (ids, repeats) = self.ids(row)?;
        Ok(Row {
            text: address.to_string().into(),
            time: times.is_valid(row).then(|| times.value(row)).filter(|time| *time > 0),
            archived_at: columns.micros("archived_at")?.value(row),
            event_type: get(columns.text("type")?, row).map(Box::from),
            service: get(columns.text("producer")?, row).map(|producer| service_name(producer).into()),
            ids,
            dead: dead.then(|| self.dead(row)),
            retry: (retry && !dead).then(|| int(self.retry, "attempts", row).unwrap_or(-1)),
            origin: origin.or_else(|| if retry { self::origin(self.retry, row) } else { None }),
            repeats: repeats.filter(|_| !dead && !retry),
            schema_id: schemas.is_valid(row).then(|| schemas.value(row)),
            tombstone: columns.text("format")?.value(row) == "null",
            size: columns.int(SIZE).map_or(0, |sizes| sizes.value(row)),
            address,
        })
    }

    /// The identifiers, and what the row says that it repeats, which stands among them.
    fn ids(&self, row: usize) -> Result<(Vec<RowId>, Option<Address>), ColumnError> {
        let (mut ids, mut repeats) = (Vec::new(), None);
        let mut push = |name: &str, value: &str, role| {
            let normal = id::normal_name(name).as_ref().into();
            ids.push(RowId { name: name.into(), normal, value: value.into(), role });
        };
        let keys = self.columns.binary("key")?;
        if let Some(key) = keys.is_valid(row).then(|| id::key_text(keys.value(row))).flatten() {
            push("key", &key, Role::Key);
        }
        for (name, role, column) in &self.id_columns {
            if let Some(value) = get(column, row) {
                push(name, value, *role);
            }
        }
        for (name, value) in self.columns.ids(row)? {
            if name == id::REPLAY_ORIGIN {
                repeats = repeats.or_else(|| Address::parse(value).ok());
            } else {
                push(name, value, role_of(&id::normal_name(name)));
            }
        }
        Ok((ids, repeats))
    }

    fn dead(&self, row: usize) -> Dead {
        Dead {
            group: text(self.dead, "consumer_group", row),
            root_cause: text(self.dead, "root_cause", row).or_else(|| text(self.dead, "exception", row)),
            message: text(self.dead, "message", row),
            attempts: int(self.dead, "attempts", row),
        }
    }
}

/// Payload fields whose name says that they scope a request or conversation, as the columns do.
fn role_of(normal: &str) -> Role {
    match normal {
        "traceid" | "xtraceid" => Role::Trace,
        "correlationid" | "xcorrelationid" | "requestid" | "xrequestid" => Role::Correlation,
        "conversationid" => Role::Conversation,
        "causationid" => Role::Causation,
        _ => Role::Business,
    }
}

fn origin(record: &StructArray, row: usize) -> Option<Origin> {
    let offsets = record.column_by_name("origin_offset")?.as_primitive_opt::<Int64Type>()?;
    Some(Origin {
        destination: text(record, "origin_destination", row)?,
        partition: int(record, "origin_partition", row)?,
        offset: offsets.is_valid(row).then(|| offsets.value(row))?,
    })
}

fn text(record: &StructArray, name: &str, row: usize) -> Option<String> {
    get(record.column_by_name(name)?.as_string_view_opt()?, row).map(str::to_owned)
}

fn int(record: &StructArray, name: &str, row: usize) -> Option<i32> {
    let column = record.column_by_name(name)?.as_primitive_opt::<Int32Type>()?;
    column.is_valid(row).then(|| column.value(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_the_last_segment_of_a_path() {
        assert_eq!(service_name("/shop/payments"), "payments");
        assert_eq!(service_name("https://example.com/payments/"), "payments");
        assert_eq!(service_name("payments"), "payments");
        assert_eq!(service_name("/"), "/");
    }
}
