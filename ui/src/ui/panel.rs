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
use crate::api::{failure::Failure, load::Load};

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
    let skeleton = skeleton.unwrap_or_else(|| ViewFn::from(|| view! { <Skeleton/> }));
    let failed = move || {
        load.trouble().map(|failure| view! { <Trouble failure what=what.clone() on_retry=move || load.retry()/> })
    };
    let content = move || match load.data.get() {
        Some(data) => show(data).into_any(),
        None if load.failure.with(Option::is_some) => ().into_any(),
        None => skeleton.run().into_any(),
    };
    view! { {failed} {content} }
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
