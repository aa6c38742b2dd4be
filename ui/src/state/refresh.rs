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
    let handle = set_interval_with_handle(
        move || {
            if is_visible() {
                beat.update(|count| *count += 1)
            }
        },
        EVERY,
    );
    if let Ok(handle) = handle {
        on_cleanup(move || handle.clear());
    }
    provide_context(Beat(beat));
}

/// Whether anybody can see the page.
pub(crate) fn is_visible() -> bool {
    !document().hidden()
}

impl Beat {
    /// To be read where something must be asked again at the next beat.
    pub(crate) fn follow(self) {
        self.0.track();
    }
}
