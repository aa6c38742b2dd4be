//! Short words about what just happened; announced, and gone by themselves.

use std::time::Duration;

use leptos::prelude::*;

const SHOWN: Duration = Duration::from_secs(3);

/// What is being said.
#[derive(Clone, Copy)]
pub(crate) struct Toasts {
    said: RwSignal<Option<(u32, String)>>,
}

/// The toasts, from anywhere below [`provide_toasts`].
pub(crate) fn use_toasts() -> Toasts {
    expect_context()
}

/// Makes [`use_toasts`] answer.
pub(crate) fn provide_toasts() {
    provide_context(Toasts { said: RwSignal::new(None) });
}

impl Toasts {
    /// Says it for a few seconds; what was said before makes room.
    pub(crate) fn say(self, text: impl Into<String>) {
        let number = self.said.with_untracked(|said| said.as_ref().map_or(0, |(number, _)| number + 1));
        self.said.set(Some((number, text.into())));
        set_timeout(move || self.end(number), SHOWN);
    }

    fn end(self, number: u32) {
        let same = self.said.try_with_untracked(|said| said.as_ref().is_some_and(|(said, _)| *said == number));
        if same == Some(true) {
            self.said.set(None);
        }
    }
}

/// Where toasts appear.
#[component]
pub(crate) fn ToastPlace() -> impl IntoView {
    let toasts = use_toasts();
    view! {
        <div class="toasts" role="status" aria-live="polite">
            {move || toasts.said.get().map(|(_, text)| view! { <div class="toast">{text}</div> })}
        </div>
    }
}
