//! From the answer and the address to what is drawn: derived once for each change, never while scrolling.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use leptos::prelude::*;
use tapline_api::Chain;

use super::{
    Shown,
    connectors::{self, Connector},
    lanes::{self, Layout, Wish},
    steps::{self, Between},
    story::Story,
    time_scale::TimeScale,
};
use crate::{
    format,
    react::memo,
    state::url::{Address, use_address},
};

/// From that many members on, rows of one type are gathered unless the address says otherwise.
const MANY: usize = 120;

/// Everything that a view of a chain draws from.
pub(crate) struct Picture {
    /// The chain by index.
    pub(crate) story: Arc<Story>,
    /// What happened between members.
    pub(crate) between: Arc<Between>,
    /// What stands where.
    pub(crate) layout: Layout,
    /// Lines between rows.
    pub(crate) connectors: Vec<Connector>,
    /// Time to percent.
    pub(crate) scale: TimeScale,
    /// Another number for each picture.
    pub(crate) version: u32,
}

/// The picture and what its tools change.
#[derive(Clone, Copy)]
pub(crate) struct Drawn {
    /// What is drawn.
    pub(crate) now: Memo<Shown<Picture>>,
    /// Gathered rows that are opened.
    pub(crate) open: RwSignal<HashSet<String>>,
    /// Whether rows of one type are gathered.
    pub(crate) by_type: Memo<bool>,
    /// Whether idle time is folded away.
    pub(crate) fold: Memo<bool>,
    /// The text that rows must hold.
    pub(crate) find: Memo<String>,
}

/// The picture of a chain; to be used where there is one.
pub(crate) fn use_picture(chain: Memo<Option<Arc<Chain>>>) -> Drawn {
    let address = use_address();
    let open = RwSignal::new(HashSet::new());
    let read = memo(move || {
        let chain = chain.get()?;
        let story = Story::new(chain, format::now() * 1000);
        let between = Arc::new(steps::between(&story));
        Some(Shown(Arc::new((Arc::new(story), between))))
    });
    let members = memo(move || read.with(|read| read.as_ref().map_or(0, |read| read.0.0.members().len())));
    let by_type = memo(move || switch(address, "types").unwrap_or(members.get() > MANY));
    let fold = memo(move || switch(address, "fold").unwrap_or(true));
    let find = memo(move || address.query.with(|query| query.get("find").unwrap_or_default().to_owned()));
    let now = memo(move || {
        let wish = Wish { find: find.get(), by_type: by_type.get(), open: open.get() };
        let picture = read.with(|read| match read {
            Some(read) => draw(&read.0.0, &read.0.1, &wish, fold.get()),
            None => nothing(),
        });
        Shown(Arc::new(picture))
    });
    Drawn { now, open, by_type, fold, find }
}

fn switch(address: Address, name: &str) -> Option<bool> {
    address.query.with(|query| query.get(name).map(|value| value == "1"))
}

fn draw(story: &Arc<Story>, between: &Arc<Between>, wish: &Wish, fold: bool) -> Picture {
    static VERSION: AtomicU32 = AtomicU32::new(0);
    let layout = lanes::lay_out(story, between, wish);
    let connectors = connectors::connectors(story, between, &layout);
    let mut moments = story.at.clone();
    moments.push(story.end);
    Picture {
        story: Arc::clone(story),
        between: Arc::clone(between),
        layout,
        connectors,
        scale: TimeScale::new(moments, fold),
        version: VERSION.fetch_add(1, Ordering::Relaxed),
    }
}

/// While an answer is on its way for the first time.
fn nothing() -> Picture {
    let chain = Chain {
        one_story: true,
        query: String::new(),
        state: tapline_api::ChainState::Complete,
        headline: String::new(),
        detail: String::new(),
        started_at: None,
        ended_at: None,
        members: Vec::new(),
        edges: Vec::new(),
        missing: Vec::new(),
        findings: Vec::new(),
        hubs: Vec::new(),
        also: Vec::new(),
        truncated: false,
        elapsed_ms: 0.0,
    };
    let story = Arc::new(Story::new(Arc::new(chain), 0));
    let between = Arc::new(steps::between(&story));
    draw(&story, &between, &Wish::default(), false)
}
