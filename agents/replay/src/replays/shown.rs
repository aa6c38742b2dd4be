//! Replays as somebody reads them.

use std::sync::atomic::Ordering;

use tapline_api::{Replay, ReplayDetail, ReplayState};
use tapline_model::time;
use tapline_state::ReplayRecord;

use super::{Replays, id};
use crate::error::ReplayError;
use crate::headline;

/// Entries of the audit beside a replay.
const HISTORY: u32 = 100;

impl Replays {
    /// Number of an id.
    ///
    /// # Errors
    /// [`ReplayError::NotFound`] for a text that is none.
    pub fn number(text: &str) -> Result<i64, ReplayError> {
        let number = text.strip_prefix("r-").and_then(|number| number.parse().ok()).filter(|number| *number > 0);
        number.ok_or_else(|| ReplayError::NotFound(text.chars().take(40).collect()))
    }

    /// One replay with its plan and its audit.
    ///
    /// # Errors
    /// When there is none, or the state cannot be read.
    pub fn detail(&self, number: i64) -> Result<ReplayDetail, ReplayError> {
        let record = self.0.state.replay(number)?;
        let history = self.0.state.audited(Some(&id(number)), None, HISTORY)?;
        let (etag, request, plan) = (record.etag.clone(), record.request.clone(), record.plan.clone());
        let replay = self.shown(record);
        let (headline, headline_detail) = headline::of_one(&replay, &plan);
        let history = history.into_iter().map(Into::into).collect();
        Ok(ReplayDetail { replay, headline, headline_detail, etag, request, plan, history })
    }

    /// Replays below a number, newest first, and the number to go on below. Plans that were discarded are not among them.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn list(&self, below: Option<i64>, limit: u32) -> Result<(Vec<Replay>, Option<i64>), ReplayError> {
        let records = self.0.state.replays(below, limit)?;
        let last = records.last().map(|record| record.number);
        let more = last.filter(|_| records.len() == usize::try_from(limit).unwrap_or(usize::MAX));
        let kept = records.into_iter().filter(|it| it.started_at.is_some() || it.state != ReplayState::Cancelled);
        Ok((kept.map(|record| self.shown(record)).collect(), more))
    }

    fn shown(&self, record: ReplayRecord) -> Replay {
        let open = self.0.open.lock().get(&record.number).cloned();
        let running = open.as_ref().is_some_and(|open| open.sending.load(Ordering::Relaxed));
        let progress = open.as_ref().map_or(record.progress, |open| open.live.progress(running));
        let trouble = open.filter(|_| running).and_then(|open| open.live.trouble());
        Replay {
            id: id(record.number),
            state: record.state,
            why: record.why.or(trouble),
            sentence: record.sentence,
            who: record.who,
            reason: record.reason,
            fingerprint: record.fingerprint,
            planned_at: time::format(record.planned_at),
            started_at: record.started_at.map(time::format),
            ended_at: record.ended_at.map(time::format),
            progress,
        }
    }
}
