//! The log in of a server with a token: one field, what it wants, and why it said no.

use leptos::{html, prelude::*};
use tapline_api::Level;

use crate::{
    api::{failure::Failure, session::Session},
    react::effect,
    state::theme::use_theme,
    ui::{Button, Ico, Icon, IconButton, Look, Mark, Sentence, Shape},
};

/// What stands in place of every page until the token was given.
#[component]
pub(crate) fn LogIn(
    /// What it opens.
    session: Session,
    /// Whether a session was open before.
    ended: bool,
) -> impl IntoView {
    let theme = use_theme();
    let field = NodeRef::<html::Input>::new();
    let (token, busy, failure) = (RwSignal::new(String::new()), RwSignal::new(false), RwSignal::new(None::<Failure>));
    let empty = Signal::derive(move || token.with(|token| token.trim().is_empty()) || busy.get());
    let give = move || {
        if empty.get_untracked() {
            return;
        }
        busy.set(true);
        leptos::task::spawn_local(async move {
            let given = token.get_untracked();
            let refused = session.log_in(given.trim()).await.err();
            let stays = refused.is_some();
            busy.try_set(false);
            failure.try_set(refused);
            if let (true, Some(field)) = (stays, field.try_get_untracked().flatten()) {
                field.select();
            }
        });
    };
    effect(move || drop(field.get().map(|field| field.focus())));
    let (title, why) = if ended {
        (
            "The session has ended.",
            "Log in again: the page that was open comes back. Sessions last twelve hours and end when the server restarts.",
        )
    } else {
        (
            "This Tapline asks for its token.",
            "It shows what passes through your brokers, so it opens only to those who hold the token.",
        )
    };
    let word = move || if busy.get() { "Logging in…" } else { "Log in" };
    view! {
        <main class="log-in">
            <form class="panel" on:submit=move |event| { event.prevent_default(); give(); }>
                <div class="log-in-head"><span class="brand"><Ico icon=Icon::Mark/><b>"Tapline"</b></span>
                    <IconButton icon=Icon::Theme label="Switch between dark and light" small=true on_press=move |_| theme.flip()/></div>
                <h1>{title}</h1>
                <p class="t2">{why}</p>
                <label class="field"><span>"Token"</span>
                    <input node_ref=field class="input mono" type="password" name="token" autocomplete="current-password" spellcheck="false"
                        aria-invalid=move || failure.with(Option::is_some).to_string() aria-describedby="log-in-why"
                        prop:value=token on:input=move |event| { token.set(event_target_value(&event)); failure.set(None); }/>
                </label>
                <div id="log-in-why" class="log-in-why" role="alert">{move || failure.get().map(no)}</div>
                <div class="row"><Button text=TextProp::from(word) look=Look::Primary disabled=empty on_press=move |event| { event.prevent_default(); give(); }/></div>
                <p class="log-in-note t3">"Whoever runs this server finds it in the file that "<code>"http.token_file"</code>" names."</p>
            </form>
        </main>
    }
}

/// Why the token was not taken.
fn no(failure: Failure) -> impl IntoView {
    let (title, detail) = match failure.code.as_str() {
        "wrong_token" => ("This is not the token.".to_owned(), "Copy it whole, without the line's end.".to_owned()),
        "too_many_attempts" => {
            ("Too many wrong tokens.".to_owned(), "The server waits a minute before it looks at another.".to_owned())
        }
        "network" => (format!("{}.", failure.title), "Is it running, and is this its address?".to_owned()),
        _ => (format!("{}.", failure.title), failure.detail),
    };
    view! { <Mark shape=Shape::Failing level=Level::Bad/><p><b>{title}</b>" "<Sentence text=detail/></p> }
}
