//! The live tail: server-sent events, gathered between two frames and handed over together. What does not fit into a
//! frame is counted, not drawn. How many rows are kept belongs to the page.

use std::{cell::RefCell, rc::Rc};

use leptos::prelude::*;
use tapline_api::{Dropped, EventSummary};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{EventSource, MessageEvent};

/// More than that in one frame nobody could read.
const FRAME: usize = 200;

/// How the tail stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum TailState {
    /// Not asked for.
    #[default]
    Off,
    /// On its way, or lost and tried again by the browser.
    Connecting,
    /// Events come as they are archived.
    Live,
    /// The server refused: asked again at the next beat.
    Refused,
}

/// What came since the last frame, oldest first.
#[derive(Default)]
pub(crate) struct Batch {
    /// Rows to draw.
    pub(crate) events: Vec<EventSummary>,
    /// How many matched, drawn or not.
    pub(crate) matched: u64,
    /// How many were not handed over: the reader or the frame was too slow.
    pub(crate) dropped: u64,
}

impl Batch {
    fn take_in(&mut self, mut events: Vec<EventSummary>) {
        self.matched += events.len() as u64;
        self.events.append(&mut events);
        let over = self.events.len().saturating_sub(FRAME);
        self.events.drain(..over);
        self.dropped += over as u64;
    }
}

/// A tail that ends when it is dropped.
pub(crate) struct Tail {
    source: EventSource,
    _listeners: Vec<Closure<dyn FnMut(MessageEvent)>>,
    _states: Vec<Closure<dyn FnMut()>>,
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.source.close();
    }
}

impl Tail {
    /// Opens a tail. `state` says how it stands, `deliver` gets a batch before a frame is drawn.
    pub(crate) fn open(path: &str, state: RwSignal<TailState>, deliver: impl Fn(Batch) + 'static) -> Option<Self> {
        let source = EventSource::new(path).ok()?;
        state.set(TailState::Connecting);
        let gathered = Rc::new(Gathered { batch: RefCell::default(), deliver: Box::new(deliver) });
        let listeners = vec![
            listen(&source, "events", Rc::clone(&gathered), |batch, text| {
                if let Ok(events) = serde_json::from_str(text) {
                    batch.take_in(events);
                }
            }),
            listen(&source, "dropped", gathered, |batch, text| {
                if let Ok(Dropped { count }) = serde_json::from_str(text) {
                    batch.matched += count;
                    batch.dropped += count;
                }
            }),
        ];
        let states = vec![on_state(&source, "open", state), on_state(&source, "error", state)];
        Some(Self { source, _listeners: listeners, _states: states })
    }
}

struct Gathered {
    batch: RefCell<Option<Batch>>,
    deliver: Box<dyn Fn(Batch)>,
}

fn listen(
    source: &EventSource,
    name: &str,
    gathered: Rc<Gathered>,
    take: fn(&mut Batch, &str),
) -> Closure<dyn FnMut(MessageEvent)> {
    let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let text = event.data().as_string().unwrap_or_default();
        let mut batch = gathered.batch.borrow_mut();
        let first = batch.is_none();
        take(batch.get_or_insert_default(), &text);
        drop(batch);
        if first {
            let gathered = Rc::clone(&gathered);
            request_animation_frame(move || {
                let batch = gathered.batch.borrow_mut().take();
                (gathered.deliver)(batch.unwrap_or_default());
            });
        }
    });
    let _valid = source.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
    listener
}

fn on_state(source: &EventSource, name: &str, state: RwSignal<TailState>) -> Closure<dyn FnMut()> {
    let asked = source.clone();
    let listener = Closure::<dyn FnMut()>::new(move || {
        let now = match asked.ready_state() {
            EventSource::OPEN => TailState::Live,
            EventSource::CLOSED => TailState::Refused,
            _ => TailState::Connecting,
        };
        state.try_set(now);
    });
    let _valid = source.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
    listener
}
