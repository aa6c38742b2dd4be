//! Whether the server can be reached at all: told by every call, so that one sentence says it for the whole page and
//! whatever failed is asked again as soon as anything is answered.

use std::cell::Cell;

use leptos::prelude::*;

use crate::format::now;

/// How the server answers.
#[derive(Clone, Copy)]
pub(crate) struct Reach {
    /// When it answered last, milliseconds since 1970, while it does not answer now.
    pub(crate) gone: RwSignal<Option<i64>>,
    /// Counts up each time it is back.
    pub(crate) back: RwSignal<u32>,
    last: StoredValue<i64>,
}

thread_local! {
    /// For calls, which have no owner to find a context with.
    static REACH: Cell<Option<Reach>> = const { Cell::new(None) };
}

/// Makes [`use_reach`] answer.
pub(crate) fn provide_reach() {
    let reach = Reach { gone: RwSignal::new(None), back: RwSignal::new(0), last: StoredValue::new(now()) };
    REACH.set(Some(reach));
    provide_context(reach);
}

/// How the server answers, from anywhere below [`provide_reach`].
pub(crate) fn use_reach() -> Reach {
    expect_context()
}

/// Any answer, a refusal too.
pub(super) fn answered() {
    let Some(reach) = REACH.get() else { return };
    reach.last.set_value(now());
    if reach.gone.with_untracked(Option::is_some) {
        reach.gone.set(None);
        reach.back.update(|times| *times += 1);
    }
}

/// No answer.
pub(super) fn missed() {
    if let Some(reach) = REACH.get()
        && reach.gone.with_untracked(Option::is_none)
    {
        reach.gone.set(Some(reach.last.get_value()));
    }
}

impl Reach {
    /// Does something each time the server is back.
    pub(crate) fn on_return(self, act: impl Fn() + 'static) {
        Effect::new(move |before: Option<u32>| {
            let times = self.back.get();
            if before.is_some_and(|before| before != times) {
                act();
            }
            times
        });
    }
}
