//! What a panel shows while its answer comes, has come, or failed. A broken panel never takes the page down: it says
//! what failed, and the last good answer stays where there is one.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::Level;

use super::{
    button::Button,
    copy::copy,
    skeleton::Skeleton,
    state::{Mark, Shape},
    text::Sentence,
    toast::use_toasts,
};
use crate::{
    api::{failure::Failure, load::Load},
    react::memo,
};

/// The content of a panel: a skeleton the first time, then the newest answer, with a line above it when its successor
/// failed.
#[component]
pub(crate) fn Loaded<T, V>(
    /// What is asked.
    load: Load<T>,
    /// What is shown, as in "The histogram".
    #[prop(into)]
    what: String,
    /// Drawn while nothing has come yet.
    #[prop(optional)]
    skeleton: Option<ViewFn>,
    /// Draws an answer.
    show: impl Fn(Arc<T>) -> V + Send + Sync + 'static,
) -> impl IntoView
where
    T: Send + Sync + 'static,
    V: IntoView + 'static,
{
    let content = move || load.data.get().map(|data| show(data).into_any());
    // Compiled once, not once an answer.
    loaded(what, skeleton, Box::new(move || load.trouble()), Callback::new(move |()| load.retry()), Box::new(content))
}

type Failed = Box<dyn Fn() -> Option<Failure> + Send + Sync>;
type Content = Box<dyn Fn() -> Option<AnyView> + Send + Sync>;

fn loaded(what: String, skeleton: Option<ViewFn>, failure: Failed, retry: Callback<()>, content: Content) -> AnyView {
    let skeleton = skeleton.unwrap_or_else(|| ViewFn::from(|| view! { <Skeleton/> }));
    let failure = memo(failure);
    let failed = move || {
        failure.get().map(|failure| view! { <Trouble failure what=what.clone() on_retry=move || retry.run(())/> })
    };
    let content = move || match content() {
        Some(content) => content,
        None if failure.with(Option::is_some) => ().into_any(),
        None => skeleton.run(),
    };
    view! { {failed} {content} }.into_any()
}

/// What failed, why, what to do; details to copy.
#[component]
pub(crate) fn Trouble(
    /// The failure.
    failure: Failure,
    /// What could not be shown.
    #[prop(into)]
    what: String,
    /// Asks again.
    on_retry: impl Fn() + 'static,
) -> impl IntoView {
    trouble(failure, what, Box::new(on_retry))
}

fn trouble(failure: Failure, what: String, on_retry: Box<dyn Fn()>) -> AnyView {
    if failure.is_network() {
        return view! {
            <div class="trouble"><Mark shape=Shape::Off level=Level::Mute/><p class="t2">{format!("{what}: waiting for the server.")}</p></div>
        }
        .into_any();
    }
    let toasts = use_toasts();
    let details = failure.to_copy(&what);
    let retry = failure.retryable.then(|| view! { <Button text="Try again" small=true on_press=move |_| on_retry()/> });
    view! {
        <div class="trouble" role="alert">
            <Mark shape=Shape::Failing level=Level::Bad/>
            <div>
                <b>{format!("{what}: ")}<Sentence text=failure.title/></b>
                <p class="t2"><Sentence text=failure.detail/></p>
            </div>
            <span class="push row">
                {retry}
                <Button text="Copy details" small=true on_press=move |_| copy(details.clone(), toasts)/>
            </span>
        </div>
    }
    .into_any()
}
