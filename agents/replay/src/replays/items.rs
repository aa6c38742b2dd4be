//! The items of a replay as somebody reads them.

use std::sync::Arc;

use tapline_api::{AuditView, Bytes, ChangePreview, Delivery, Outcome, ReplayItem};
use tapline_archive::find::FEW;
use tapline_archive::{Hit, View};
use tapline_model::{Address, id, time};

use super::{Open, Replays};
use crate::error::ReplayError;
use crate::item::Item;
use crate::message::Changes;
use crate::read::{Loaded, load};
use crate::standing::Standing;

/// Which items are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ItemFilter {
    /// Those that stand so.
    pub delivery: Option<Delivery>,
    /// Those of which became this.
    pub outcome: Option<Outcome>,
}

impl Replays {
    /// Items from a number on, in the order of sending; how many match in all; the number to go on with.
    ///
    /// # Errors
    /// When there is no such replay, or its files cannot be read.
    pub fn items(
        &self,
        number: i64,
        filter: ItemFilter,
        from: u32,
        limit: usize,
    ) -> Result<(Vec<ReplayItem>, u64, Option<u32>), ReplayError> {
        let open = self.opened(number)?;
        let (mut numbers, count) = open.live.look(|standing| {
            let all = 0..u32::try_from(standing.len()).unwrap_or(u32::MAX);
            let matches = |item: &u32| {
                filter.delivery.is_none_or(|delivery| standing.delivery(*item) == delivery)
                    && filter.outcome.is_none_or(|outcome| standing.outcome(*item) == Some(outcome))
            };
            let count = all.clone().filter(matches).count() as u64;
            (all.filter(matches).filter(|item| *item >= from).take(limit + 1).collect::<Vec<u32>>(), count)
        });
        let next = (numbers.len() > limit).then(|| numbers[limit]);
        numbers.truncate(limit);
        let changes = self.changes(&self.0.state.replay(number)?.request)?;
        let view = self.0.archives.view();
        let mut loaded = Vec::with_capacity(numbers.len());
        // A page's rows that were moved are looked up: looking through all files is for stretches that are sent.
        for numbers in numbers.chunks(FEW) {
            loaded.extend(load(&view, &open.live.items, numbers)?);
        }
        let items = loaded.iter().map(|loaded| {
            let address = open.live.items.hash(&open.live.items.items[loaded.number as usize]);
            shown(&open, loaded, changes.concerns(address))
        });
        Ok((items.collect::<Result<_, _>>()?, count, next))
    }
}

/// An item with no bytes of its event.
#[derive(Debug, Clone)]
pub struct BriefItem {
    /// 33 of `r-33`.
    pub replay: i64,
    /// In the order of sending, from 0.
    pub number: u32,
    /// Where the event stands that is put back.
    pub address: Address,
    /// Where it goes.
    pub destination: Arc<str>,
    /// Its partition there.
    pub partition: i32,
    /// How far it is.
    pub delivery: Delivery,
    /// What became of it, once it was confirmed.
    pub outcome: Option<Outcome>,
    /// Its offset there.
    pub written_offset: Option<i64>,
    /// When that was confirmed, microseconds.
    pub confirmed_at: Option<i64>,
    /// The event that shows the outcome.
    pub evidence: Option<String>,
    /// Why it is rejected, uncertain or unknown.
    pub why: Option<String>,
}

/// Items that are told at once: more would fill the memory of a query.
const MOST_TOLD: usize = 1_000_000;

impl Replays {
    /// Items of all replays, newest first, at most a million.
    ///
    /// # Errors
    /// When the state cannot be read. A replay whose files cannot be read is passed over.
    pub fn every_item<T>(&self, of: impl Fn(BriefItem) -> T) -> Result<Vec<T>, ReplayError> {
        let (mut told, mut below) = (Vec::new(), None);
        loop {
            let records = self.0.state.replays(below, 100)?;
            let Some(last) = records.last().map(|record| record.number) else { return Ok(told) };
            below = Some(last);
            for record in records {
                let Ok(open) = self.opened(record.number) else { continue };
                open.live.look(|standing| {
                    let all = (0..).zip(&open.live.items.items).take(MOST_TOLD - told.len());
                    told.extend(all.map(|(number, item)| of(brief(&open, standing, number, item))));
                });
                if told.len() == MOST_TOLD {
                    return Ok(told);
                }
            }
        }
    }

    /// Everything that was done, newest first, at most a million entries.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn audit(&self) -> Result<Vec<AuditView>, ReplayError> {
        let entries = self.0.state.audited(None, None, u32::try_from(MOST_TOLD).unwrap_or(u32::MAX))?;
        Ok(entries.into_iter().map(Into::into).collect())
    }
}

fn brief(open: &Open, standing: &Standing, number: u32, item: &Item) -> BriefItem {
    let items = &open.live.items;
    BriefItem {
        replay: open.live.number,
        number,
        address: items.address(item),
        destination: Arc::from(items.target(item).destination.as_str()),
        partition: item.to_partition,
        delivery: standing.delivery(number),
        outcome: standing.outcome(number),
        written_offset: standing.offset(number),
        confirmed_at: standing.confirmed_at(number),
        evidence: standing.evidence(number).map(|evidence| evidence.address.clone()),
        why: standing.why(number).map(str::to_owned),
    }
}

impl Replays {
    /// What a program makes of some events. Nothing is planned.
    ///
    /// # Errors
    /// When the program is none, or the events cannot be read.
    pub fn preview(&self, view: &Arc<View>, hits: &[Hit], program: &str) -> Result<Vec<ChangePreview>, ReplayError> {
        let own = self.own_headers();
        let plain = Changes::new(&[], None, own.clone()).map_err(ReplayError::BadRequest)?;
        let changed = Changes::new(&[], Some(program), own).map_err(ReplayError::BadRequest)?;
        let view = self.0.archives.with(view);
        let items = self.planning(&|| false).stay(&view, hits)?;
        let numbers: Vec<u32> = (0..).zip(&items.items).map(|(number, _)| number).collect();
        let mut previews = Vec::new();
        for loaded in load(&view, &items, &numbers)? {
            let (item, Some((batch, row))) = (&items.items[loaded.number as usize], loaded.row) else { continue };
            let (row, address) = (batch.row(row, item.is_failed()), items.address(item));
            let before = plain.message(&row, address.hash()).map_or_else(|why| why, |message| message.text());
            let (after, error) = match changed.message(&row, address.hash()) {
                Ok(message) => (Some(message.text()), None),
                Err(why) => (None, Some(why)),
            };
            previews.push(ChangePreview { address: address.to_string(), before, after, error });
        }
        Ok(previews)
    }

    /// All events, and those that dead letters only point to and the archive lacks.
    pub fn with_originals(&self) -> Arc<View> {
        self.0.archives.view()
    }
}

fn shown(open: &Arc<Open>, loaded: &Loaded, changed: bool) -> Result<ReplayItem, ReplayError> {
    let (items, number) = (&open.live.items, loaded.number);
    let item = &items.items[number as usize];
    let key = loaded.row.as_ref().and_then(|(batch, row)| batch.key(*row));
    let chain = key.and_then(id::key_text).map(|text| text.into_owned());
    let target = items.target(item);
    open.live.look(|standing| {
        let evidence = standing.evidence(number);
        let confirmed = standing.confirmed_at(number);
        #[expect(clippy::cast_precision_loss, reason = "seconds are shown")]
        let seconds = evidence.zip(confirmed).map(|(evidence, at)| (evidence.at - at).max(0) as f64 / 1e6);
        Ok(ReplayItem {
            number: u64::from(number),
            address: items.address(item).to_string(),
            timestamp: Some(item.timestamp).filter(|at| *at != i64::MIN).map(time::format),
            event_type: items.word(item.kind).map(str::to_owned),
            key: key.map(Bytes::from),
            chain,
            destination: target.destination.clone(),
            partition: item.to_partition,
            changed,
            delivery: standing.delivery(number),
            outcome: standing.outcome(number),
            written: standing.offset(number).map(|offset| items.written(item, offset).to_string()),
            confirmed_at: confirmed.map(time::format),
            evidence: evidence.map(|evidence| evidence.address.clone()),
            seconds,
            why: standing.why(number).map(str::to_owned),
        })
    })
}
