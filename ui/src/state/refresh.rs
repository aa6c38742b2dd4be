//! When to ask again: a beat that pages follow while their time range moves with the clock and someone can see them.

use std::time::Duration;

use leptos::prelude::*;

const EVERY: Duration = Duration::from_secs(10);

/// Counts up while the page is visible.
#[derive(Clone, Copy)]
pub(crate) struct Beat(RwSignal<u32>);

/// The beat, from anywhere below [`provide_beat`].
pub(crate) fn use_beat() -> Beat {
    expect_context()
}

/// Makes [`use_beat`] answer.
pub(crate) fn provide_beat() {
    let beat = RwSignal::new(0);
    every(EVERY, move || beat.update(|count| *count += 1));
    provide_context(Beat(beat));
}

/// Does something again and again while somebody can see the page, until the owner is gone.
pub(crate) fn every(period: Duration, act: impl Fn() + 'static) {
    let act = move || {
        if !document().hidden() {
            act();
        }
    };
    if let Ok(handle) = set_interval_with_handle(act, period) {
        on_cleanup(move || handle.clear());
    }
}

impl Beat {
    /// To be read where something must be asked again at the next beat.
    pub(crate) fn follow(self) {
        self.0.track();
    }
}
