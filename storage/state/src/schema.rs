//! Tables of the state, and how older ones become the present ones.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::error::StateError;

/// One step a version; a step that was released is never changed.
const STEPS: &[&str] = &[
    "
    CREATE TABLE cause (
        fingerprint TEXT PRIMARY KEY,
        state TEXT NOT NULL,
        note TEXT,
        who TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE regrouping (
        fingerprint TEXT PRIMARY KEY,
        split_by TEXT,
        merged_into TEXT,
        who TEXT NOT NULL,
        at INTEGER NOT NULL,
        CHECK ((split_by IS NULL) <> (merged_into IS NULL))
    ) STRICT;
    CREATE TABLE audit (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        who TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        reason TEXT,
        before TEXT,
        after TEXT
    ) STRICT;
    CREATE INDEX audit_by_subject ON audit (subject, number);
    CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is append only'); END;
    CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is append only'); END;
",
    "
    CREATE TABLE replay (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        state TEXT NOT NULL,
        why TEXT,
        etag TEXT NOT NULL,
        token TEXT NOT NULL,
        sentence TEXT NOT NULL,
        who TEXT NOT NULL,
        reason TEXT NOT NULL,
        fingerprint TEXT,
        planned_at INTEGER NOT NULL,
        started_at INTEGER,
        ended_at INTEGER,
        request TEXT NOT NULL,
        plan TEXT NOT NULL,
        progress TEXT NOT NULL
    ) STRICT;
",
    "
    CREATE TABLE alert_rule (
        name TEXT PRIMARY KEY,
        rule TEXT NOT NULL,
        who TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE alert (
        fingerprint TEXT NOT NULL,
        active_at INTEGER NOT NULL,
        rule TEXT NOT NULL,
        labels TEXT NOT NULL,
        annotations TEXT NOT NULL,
        href TEXT NOT NULL,
        value REAL NOT NULL,
        fired_at INTEGER,
        resolved_at INTEGER,
        told TEXT NOT NULL,
        owed TEXT NOT NULL,
        PRIMARY KEY (fingerprint, active_at)
    ) STRICT;
    CREATE INDEX alert_by_end ON alert (resolved_at);
    CREATE TABLE alert_message (
        id TEXT PRIMARY KEY,
        channel TEXT NOT NULL,
        told TEXT NOT NULL,
        made_at INTEGER NOT NULL,
        due_at INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        state TEXT NOT NULL,
        answer TEXT,
        done_at INTEGER
    ) STRICT;
    CREATE INDEX alert_message_by_state ON alert_message (state, channel);
    CREATE TABLE alert_look (only INTEGER PRIMARY KEY CHECK (only = 0), at INTEGER NOT NULL) STRICT;
    CREATE TABLE silence (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        matchers TEXT NOT NULL,
        starts_at INTEGER NOT NULL,
        ends_at INTEGER NOT NULL,
        reason TEXT NOT NULL,
        who TEXT NOT NULL
    ) STRICT;
",
];

pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StateError> {
    let open = |source| StateError::Open { path: path.to_owned(), source };
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(open)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(open)?;
    if found > known {
        return Err(StateError::Newer { path: path.to_owned(), found, known });
    }
    // Nothing is written to a disk that may be full.
    if found == known {
        return Ok(());
    }
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(step).map_err(open)?;
    }
    transaction.pragma_update(None, "user_version", known).map_err(open)?;
    transaction.commit().map_err(open)
}
