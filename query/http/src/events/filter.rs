//! Which events: the parameters that lists, histograms and tails share, tested on rows and written as SQL.
//!
//! Both forms stand side by side here and in [`condition`] and [`text`], so that they can be held against each other
//! by a test: what the page lists and what the SQL shown beside it finds are the same rows.

pub(crate) mod condition;
pub(crate) mod sql;
pub(crate) mod text;

use arrow::array::{Array, RecordBatch, StringViewArray};
use tapline_model::columns::{ColumnError, EventColumns, get};
use tapline_model::id::{self, IdQuery};

use crate::events::columns::binary;
use crate::params::Params;
use crate::problem::{Code, Refusal};
use crate::rollup::Lane;
use condition::Condition;

/// Names of the parameters read here.
pub(crate) const PARAMETERS: [&str; 11] =
    ["source", "destination", "type", "producer", "key", "id", "q", "from", "to", "dead_letter", "field"];

/// Conditions that may stand in one call, and values for one name.
const MOST: usize = 50;

/// What a row must be. Everything absent matches everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Filter {
    /// Any of them; the same for the next three.
    pub(crate) sources: Vec<String>,
    pub(crate) destinations: Vec<String>,
    pub(crate) types: Vec<String>,
    pub(crate) producers: Vec<String>,
    /// The whole key, as text.
    pub(crate) key: Option<String>,
    pub(crate) id: Option<IdQuery>,
    /// Somewhere in body, key or headers, whatever its case.
    pub(crate) text: Option<String>,
    /// Microseconds, inclusive.
    pub(crate) from: Option<i64>,
    /// Microseconds, exclusive.
    pub(crate) to: Option<i64>,
    pub(crate) dead_letter: Option<bool>,
    /// All of them.
    pub(crate) conditions: Vec<Condition>,
}

impl Filter {
    /// Reads the parameters. `known_name` says whether a text is the normalised name of an ID.
    pub(crate) fn read(params: &Params, now: i64, known_name: impl Fn(&str) -> bool) -> Result<Self, Refusal> {
        let filter = Self {
            sources: several(params, "source")?,
            destinations: several(params, "destination")?,
            types: several(params, "type")?,
            producers: several(params, "producer")?,
            key: params.one("key")?.map(str::to_owned),
            id: params.one("id")?.map(|text| IdQuery::parse(text, known_name)),
            text: params.one("q")?.map(str::to_owned),
            from: params.time("from", now)?,
            to: params.time("to", now)?,
            dead_letter: params.flag("dead_letter")?,
            conditions: several(params, "field")?
                .iter()
                .map(|text| Condition::parse(text))
                .collect::<Result<_, _>>()?,
        };
        match (filter.from, filter.to) {
            (Some(from), Some(to)) if from > to => {
                Err(Refusal::new(Code::BadTime, "`from` is later than `to`; turn them round"))
            }
            _ => Ok(filter),
        }
    }

    /// Whether a time lies in the range; rows without one are only in a range without ends.
    pub(crate) fn covers(&self, timestamp: Option<i64>) -> bool {
        match timestamp {
            Some(time) => self.from.is_none_or(|from| from <= time) && self.to.is_none_or(|to| time < to),
            None => self.from.is_none() && self.to.is_none(),
        }
    }

    /// Whether the rows between two times, both inclusive, may lie in the range.
    pub(crate) fn touches(&self, times: Option<(i64, i64)>) -> bool {
        match times {
            Some((oldest, newest)) => {
                self.from.is_none_or(|from| from <= newest) && self.to.is_none_or(|to| oldest < to)
            }
            None => self.covers(None),
        }
    }

    /// Columns that [`Self::retain`] reads.
    pub(crate) fn columns(&self) -> Vec<&'static str> {
        let mut columns = Vec::new();
        for (name, values) in self.lists() {
            if !values.is_empty() {
                columns.push(name);
            }
        }
        if self.key.is_some() || self.id.is_some() || self.text.is_some() {
            columns.push("key");
        }
        if self.id.is_some() {
            columns.extend(id::COLUMN_NAMES.iter().filter(|name| **name != "key"));
            columns.push("ids");
        }
        if self.text.is_some() {
            columns.extend(["headers", "payload", "decoded"]);
        }
        if self.dead_letter.is_some() {
            columns.push("dead_letter");
        }
        columns.extend(self.conditions.iter().flat_map(|condition| condition.columns()));
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Whether rows have to be looked at for more than what [`crate::rollup`] counts them by.
    pub(crate) fn needs_rows(&self) -> bool {
        self.key.is_some() || self.id.is_some() || self.text.is_some() || !self.conditions.is_empty()
    }

    /// Whether rows of a lane pass, as far as a lane tells.
    pub(crate) fn passes(&self, lane: &Lane) -> bool {
        let (r#type, producer) = (lane.event_type.as_deref(), lane.producer.as_deref());
        let words = [Some(lane.source.as_str()), Some(lane.destination.as_str()), r#type, producer];
        let named =
            self.lists().iter().zip(words).all(|((_, values), word)| {
                values.is_empty() || values.iter().any(|value| Some(value.as_str()) == word)
            });
        named && self.dead_letter.is_none_or(|wanted| wanted == lane.dead)
    }

    fn lists(&self) -> [(&'static str, &[String]); 4] {
        [
            ("source", &self.sources),
            ("destination", &self.destinations),
            ("type", &self.types),
            ("producer", &self.producers),
        ]
    }

    /// Keeps the rows that match; time is [`Self::covers`]' part. Cheap conditions come first.
    pub(crate) fn retain(&self, batch: &RecordBatch, rows: &mut Vec<u32>) -> Result<(), ColumnError> {
        let columns = EventColumns::new(batch);
        for (name, values) in self.lists() {
            if !values.is_empty() {
                let column = columns.text(name)?;
                rows.retain(|row| any_of(column, *row as usize, values));
            }
        }
        if let Some(wanted) = self.dead_letter {
            let record = columns.record("dead_letter")?;
            rows.retain(|row| record.is_valid(*row as usize) == wanted);
        }
        if let Some(key) = &self.key {
            let column = columns.binary("key")?;
            rows.retain(|row| binary(column, *row as usize) == Some(key.as_bytes()));
        }
        if let Some(query) = &self.id {
            let ids = Identifiers::new(columns, query)?;
            rows.retain(|row| ids.hold(*row as usize));
        }
        for condition in &self.conditions {
            condition.retain(&columns, rows)?;
        }
        match &self.text {
            Some(needle) => text::retain(needle, &columns, rows),
            None => Ok(()),
        }
    }
}

fn several(params: &Params, name: &str) -> Result<Vec<String>, Refusal> {
    let values: Vec<String> = params.all(name).map(str::to_owned).collect();
    if values.len() > MOST {
        return Err(Refusal::new(Code::BadFilter, format!("`{name}` stands {} times; at most {MOST}", values.len())));
    }
    Ok(values)
}

fn any_of(column: &StringViewArray, row: usize, values: &[String]) -> bool {
    get(column, row).is_some_and(|text| values.iter().any(|value| value == text))
}

/// The columns in which an identifier may stand.
struct Identifiers<'a> {
    columns: EventColumns<'a>,
    query: &'a IdQuery,
    /// Those that the query's name allows.
    texts: Vec<&'a StringViewArray>,
    key: bool,
}

impl<'a> Identifiers<'a> {
    fn new(columns: EventColumns<'a>, query: &'a IdQuery) -> Result<Self, ColumnError> {
        let named = |name: &&&'static str| query.name.as_deref().is_none_or(|wanted| id::normal_name(name) == wanted);
        let allowed = id::COLUMN_NAMES.iter().filter(named);
        let texts = allowed.clone().filter(|name| **name != "key").map(|name| columns.text(name));
        let key = allowed.clone().any(|name| *name == "key");
        Ok(Self { columns, query, texts: texts.collect::<Result<_, _>>()?, key })
    }

    fn hold(&self, row: usize) -> bool {
        let value = self.query.value.as_str();
        self.texts.iter().any(|column| get(column, row) == Some(value))
            || (self.key && self.key_is(row, value))
            || self.columns.ids(row).is_ok_and(|ids| ids.iter().any(|(name, found)| self.is(name, found)))
    }

    fn key_is(&self, row: usize, value: &str) -> bool {
        let key = self.columns.binary("key").ok().and_then(|column| binary(column, row));
        key.and_then(id::key_text).is_some_and(|key| key == value)
    }

    fn is(&self, name: &str, value: &str) -> bool {
        value == self.query.value && self.query.name.as_deref().is_none_or(|wanted| id::normal_name(name) == wanted)
    }
}
