//! What is to be told of alerts, and how that went.

use rusqlite::{Connection, Row, named_params};
use serde_json::Value;

use crate::State;
use crate::error::StateError;
use crate::json::{json, parse};

/// Alerts that are told together to one channel. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageRecord {
    /// The same over repetitions: a receiver knows by it what it had before.
    pub id: String,
    /// Whom.
    pub channel: String,
    /// Alerts as `agents/alert` writes them.
    pub told: Value,
    /// When it was decided.
    pub made_at: i64,
    /// When it is sent next.
    pub due_at: i64,
    /// How often it was sent.
    pub attempts: u32,
    /// How it stands.
    pub state: MessageState,
    /// What came back last, when it was not taken.
    pub answer: Option<String>,
    /// When it was taken or given up.
    pub done_at: Option<i64>,
}

/// How a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageState {
    /// To be sent.
    Waiting,
    /// The receiver has it.
    Taken,
    /// The receiver does not want it, or was away for too long.
    GivenUp,
}

impl MessageState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Taken => "taken",
            Self::GivenUp => "given_up",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Waiting, Self::Taken, Self::GivenUp].into_iter().find(|state| state.as_str() == word)
    }
}

impl MessageRecord {
    /// One that was decided now and is sent at once.
    pub fn new(id: &str, channel: &str, told: Value, now: i64) -> Self {
        Self {
            id: id.to_owned(),
            channel: channel.to_owned(),
            told,
            made_at: now,
            due_at: now,
            attempts: 0,
            state: MessageState::Waiting,
            answer: None,
            done_at: None,
        }
    }
}

/// How a channel did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelFacts {
    /// Its name.
    pub channel: String,
    /// When it took a message last.
    pub taken_at: Option<i64>,
    /// Messages that it never took.
    pub given_up: u32,
}

impl State {
    /// Writes how a message stands.
    pub fn save_message(&self, message: &MessageRecord) -> Result<(), StateError> {
        self.write(|connection| put(connection, message))
    }

    /// Those to be sent, in the order in which they were decided.
    pub fn waiting_messages(&self) -> Result<Vec<MessageRecord>, StateError> {
        self.read(|connection| {
            let sql = "SELECT * FROM alert_message WHERE state = 'waiting' ORDER BY made_at, id";
            let mut query = connection.prepare_cached(sql)?;
            let mut rows = query.query([])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                all.push(record(row)?);
            }
            Ok(all)
        })
    }

    /// How channels did since a time.
    pub fn channel_facts(&self, since: i64) -> Result<Vec<ChannelFacts>, StateError> {
        self.read(|connection| {
            let sql = "SELECT channel, max(CASE state WHEN 'taken' THEN done_at END),
                 sum(state = 'given_up' AND done_at >= ?) FROM alert_message GROUP BY channel";
            let mut query = connection.prepare_cached(sql)?;
            let facts = query.query_map([since], |row| {
                Ok(ChannelFacts { channel: row.get(0)?, taken_at: row.get(1)?, given_up: row.get(2)? })
            })?;
            Ok(facts.collect::<Result<_, _>>()?)
        })
    }
}

pub(crate) fn put(connection: &Connection, message: &MessageRecord) -> Result<(), StateError> {
    connection.execute(
        "INSERT OR REPLACE INTO alert_message (id, channel, told, made_at, due_at, attempts, state, answer, done_at)
         VALUES (:id, :channel, :told, :made_at, :due_at, :attempts, :state, :answer, :done_at)",
        named_params! {
            ":id": message.id, ":channel": message.channel, ":told": json("alert_message.told", &message.told)?,
            ":made_at": message.made_at, ":due_at": message.due_at, ":attempts": message.attempts,
            ":state": message.state.as_str(), ":answer": message.answer, ":done_at": message.done_at,
        },
    )?;
    Ok(())
}

fn record(row: &Row<'_>) -> Result<MessageRecord, StateError> {
    let word: String = row.get("state")?;
    let state = MessageState::parse(&word).ok_or(StateError::Word { column: "alert_message.state", value: word })?;
    Ok(MessageRecord {
        id: row.get("id")?,
        channel: row.get("channel")?,
        told: parse("alert_message.told", row)?,
        made_at: row.get("made_at")?,
        due_at: row.get("due_at")?,
        attempts: row.get("attempts")?,
        state,
        answer: row.get("answer")?,
        done_at: row.get("done_at")?,
    })
}
