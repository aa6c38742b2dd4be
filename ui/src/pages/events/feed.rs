//! The rows of the list: pages from the server, newest first, with new events on top as they come. Bounded: when too
//! many came the oldest are let go.

use std::{collections::HashSet, sync::Arc};

use leptos::prelude::*;
use tapline_api::{EventPage, EventSummary};

use crate::{
    api::{
        client::{self, Abort, Ended, Stop},
        failure::Failure,
        reach::use_reach,
    },
    order::sort_by,
    react::effect,
    state::url::Query,
};

const PAGE: &str = "200";
/// Rows kept.
pub(super) const MOST: usize = 10_000;

/// A row, shared by everything that shows it.
pub(super) type Row = Arc<EventSummary>;

/// The rows and how more of them come.
#[derive(Clone, Copy)]
pub(super) struct Feed {
    /// Newest first.
    pub(super) rows: RwSignal<Vec<Row>>,
    /// The SQL that the filters make.
    pub(super) sql: RwSignal<String>,
    /// Why the newest call failed.
    pub(super) failure: RwSignal<Option<Failure>>,
    /// Whether a call is under way.
    pub(super) loading: RwSignal<bool>,
    /// Whether the first answer has come.
    pub(super) answered: RwSignal<bool>,
    /// Address of the row that the keys stand on.
    pub(super) cursor: RwSignal<Option<String>>,
    /// Whether old rows were let go.
    pub(super) cut: RwSignal<bool>,
    next: RwSignal<Option<String>>,
    query: Memo<Query>,
    under_way: StoredValue<Option<Abort>, LocalStorage>,
}

impl Feed {
    /// Follows a question: asks again whenever it changes; the rows of the old one stay until the new ones are there.
    pub(super) fn follow(query: Memo<Query>) -> Self {
        let feed = Self {
            rows: RwSignal::new(Vec::new()),
            sql: RwSignal::new(String::new()),
            failure: RwSignal::new(None),
            loading: RwSignal::new(false),
            answered: RwSignal::new(false),
            cursor: RwSignal::new(None),
            cut: RwSignal::new(false),
            next: RwSignal::new(None),
            query,
            under_way: StoredValue::new_local(None),
        };
        effect(move || {
            query.track();
            feed.reload();
        });
        use_reach().on_return(move || {
            if feed.failure.with_untracked(|failure| failure.as_ref().is_some_and(Failure::is_network)) {
                feed.reload();
            }
        });
        on_cleanup(move || drop(feed.under_way.try_update_value(Option::take)));
        feed
    }

    /// Why there are no new rows, unless the frame says it for the whole page and there are old ones.
    pub(super) fn trouble(self) -> Option<Failure> {
        self.failure.get().filter(|failure| !failure.is_network() || self.rows.with(Vec::is_empty))
    }

    /// Asks for the first page.
    pub(super) fn reload(self) {
        self.ask(None);
    }

    /// Asks for the next page, if there is one and none is on its way.
    pub(super) fn more(self) {
        if self.loading.get_untracked() || self.failure.with_untracked(Option::is_some) {
            return;
        }
        if let Some(next) = self.next.get_untracked() {
            self.ask(Some(next));
        }
    }

    /// Whether older rows may exist.
    pub(super) fn has_more(self) -> bool {
        self.next.with(Option::is_some)
    }

    fn ask(self, cursor: Option<String>) {
        let abort = Abort::new();
        let stop = abort.stop();
        self.under_way.set_value(Some(abort));
        let mut query = self.query.get_untracked();
        query.set("limit", Some(PAGE));
        query.set("cursor", cursor.as_deref());
        leptos::task::spawn_local(self.run(query.on("/api/v1/events"), cursor.is_some(), stop));
    }

    async fn run(self, path: String, append: bool, stop: Stop) {
        self.loading.set(true);
        match client::get::<EventPage>(&path, &stop).await {
            Ok(page) => self.take_in(page, append),
            Err(Ended::Failed(failure)) => drop(self.failure.try_set(Some(failure))),
            Err(Ended::Aborted) => return,
        }
        self.loading.try_set(false);
        self.answered.try_set(true);
    }

    fn take_in(self, page: EventPage, append: bool) {
        let rows = page.events.into_iter().map(Arc::new);
        if append {
            self.rows.try_update(|all| all.extend(rows));
        } else {
            self.rows.try_set(rows.collect());
            self.cut.try_set(false);
        }
        self.sql.try_set(page.sql);
        self.next.try_set(page.next);
        self.failure.try_set(None);
    }

    /// Puts new events on top, oldest first as they came; returns how many were not there yet.
    pub(super) fn put_on_top(self, events: Vec<EventSummary>) -> usize {
        let mut rows = self.rows.get_untracked();
        let (added, cut) = merge(&mut rows, events);
        if added > 0 {
            self.rows.set(rows);
        }
        if cut {
            self.next.set(None);
            self.cut.set(true);
        }
        added
    }

    /// Moves the cursor; false at an end.
    pub(super) fn step(self, down: bool) -> bool {
        let to = self.rows.with_untracked(|rows| {
            let at =
                self.cursor.with_untracked(|cursor| rows.iter().position(|row| Some(&row.address) == cursor.as_ref()));
            let to = match (at, down) {
                (None, _) => 0,
                (Some(at), true) => at + 1,
                (Some(at), false) => at.checked_sub(1)?,
            };
            rows.get(to).map(|row| row.address.clone())
        });
        if let Some(to) = to {
            self.cursor.set(Some(to));
            return true;
        }
        false
    }
}

/// Adds events before rows that are sorted newest first. What is there already is not added again.
fn merge(rows: &mut Vec<Row>, events: Vec<EventSummary>) -> (usize, bool) {
    let known: HashSet<&str> = rows.iter().take(2000).map(|row| row.address.as_str()).collect();
    let mut fresh: Vec<Row> =
        events.into_iter().filter(|event| !known.contains(event.address.as_str())).map(Arc::new).collect();
    let added = fresh.len();
    fresh.reverse();
    // Events of several partitions come a little out of order: only the head of the list is sorted again.
    let head = rows.len().min(200);
    fresh.extend(rows.drain(..head));
    sort_by(&mut fresh, |one, other| other.timestamp.cmp(&one.timestamp));
    fresh.append(rows);
    let cut = fresh.len() > MOST;
    fresh.truncate(MOST);
    *rows = fresh;
    (added, cut)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An event at an offset and a second.
    pub(crate) fn event(offset: u32, second: u32) -> EventSummary {
        EventSummary {
            address: format!("shop/orders/0/{offset}"),
            source: "shop".into(),
            destination: "orders".into(),
            partition: Some(0),
            position: offset.to_string(),
            timestamp: Some(format!("2026-11-21T03:12:{second:02}.000000Z")),
            archived_at: "2026-11-21T03:13:00.000000Z".into(),
            event_type: Some("OrderPlaced".into()),
            producer: None,
            key: None,
            format: "json".into(),
            size: 10,
            preview: None,
            dead_letter: None,
            retry: None,
        }
    }

    fn offsets(rows: &[Row]) -> Vec<&str> {
        rows.iter().map(|row| row.position.as_str()).collect()
    }

    #[test]
    fn new_events_stand_on_top_newest_first_and_once() {
        let mut rows = vec![Arc::new(event(2, 20)), Arc::new(event(1, 10))];
        assert_eq!(merge(&mut rows, vec![event(2, 20), event(3, 30), event(4, 40)]), (2, false));
        assert_eq!(offsets(&rows), ["4", "3", "2", "1"]);
    }

    #[test]
    fn an_event_that_comes_late_finds_its_place() {
        let mut rows = vec![Arc::new(event(2, 20)), Arc::new(event(1, 10))];
        merge(&mut rows, vec![event(9, 15)]);
        assert_eq!(offsets(&rows), ["2", "9", "1"]);
    }

    #[test]
    fn the_oldest_are_let_go_when_there_are_too_many() {
        let mut rows: Vec<Row> = (0..MOST as u32).map(|offset| Arc::new(event(offset, 1))).collect();
        assert_eq!(merge(&mut rows, vec![event(99_999, 2)]), (1, true));
        assert_eq!((rows.len(), rows[0].position.as_str()), (MOST, "99999"));
    }
}
