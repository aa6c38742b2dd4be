//! Nothing there: why, and what brings it; lines to copy.

use leptos::prelude::*;

use super::{
    button::{Button, Look},
    code::{Code, Language},
    copy::copy,
    icon::Icon,
    text::Sentence,
    toast::use_toasts,
};

/// Why a panel has no rows, and what can be done.
#[component]
pub(crate) fn Empty(
    /// What is not there.
    #[prop(into)]
    title: String,
    /// Why, and what brings it.
    #[prop(into)]
    why: String,
    /// Buttons or links.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <b>{title}</b>
            <p><Sentence text=why/></p>
            {children.map(|children| view! { <div class="row">{children()}</div> })}
        </div>
    }
}

/// Lines to copy, with the name of where they go.
#[component]
pub(crate) fn Snippet(
    /// A file or `shell`.
    name: &'static str,
    /// What colours it.
    language: Language,
    /// The lines.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    let toasts = use_toasts();
    let lines = text.trim_start_matches("$ ").to_owned();
    view! {
        <div class="snip">
            <div class="sn">
                <span class="mono">{name}</span>
                <Button text="Copy" icon=Icon::Copy look=Look::Quiet small=true on_press=move |_| copy(lines.clone(), toasts)/>
            </div>
            <pre class="code"><Code language text/></pre>
        </div>
    }
}
