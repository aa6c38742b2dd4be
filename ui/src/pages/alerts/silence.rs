//! Wanting quiet: the small menu of an alert or a rule, and the dialog for everything that the menu does not offer. The
//! dialog stands once on the page, so that it stays open while alerts come and go.

use leptos::prelude::*;
use tapline_api::NewSilence;

use super::{acts::Acts, matchers};
use crate::{
    api::failure::Failure,
    state::settings::{remember_who, who as known_who},
    ui::{
        Button, Ico, Icon, Look, Segments, Sentence,
        dialog::Dialog,
        menu::{Item, Menu},
    },
};

/// Offered at once: what is sent, and the word.
const LENGTHS: [(&str, &str); 3] = [("1h", "1 h"), ("4h", "4 h"), ("24h", "1 day")];

/// What is told of a silence of which nobody said why.
const NO_REASON: &str = "no reason given";

/// Opens the dialog.
#[derive(Clone, Copy)]
pub(super) struct Silencing {
    matchers: RwSignal<Vec<String>>,
    open: RwSignal<bool>,
}

impl Silencing {
    /// Not open yet.
    pub(super) fn new() -> Self {
        Self { matchers: RwSignal::new(Vec::new()), open: RwSignal::new(false) }
    }

    /// Asks for how long, and why.
    pub(super) fn ask(self, matchers: Vec<String>) {
        self.matchers.set(matchers);
        self.open.set(true);
    }
}

/// The button of something that can be silenced.
#[component]
pub(super) fn SilenceMenu(
    /// What is meant, asked when it is pressed.
    matchers: Signal<Vec<String>>,
    /// Whose it is, for those who do not see it.
    #[prop(into)]
    of: String,
    acts: Acts,
    silencing: Silencing,
) -> impl IntoView {
    let item = move |(length, word): (&'static str, &'static str)| {
        let press = move || {
            let (matchers, reason) = (matchers.get_untracked(), NO_REASON.to_owned());
            let silence = NewSilence { matchers, from: None, length: length.to_owned(), reason, who: known_who() };
            acts.silence(&silence, move |answer| acts.refuse(answer));
        };
        view! { <Item text=format!("For {word}") on_choose=press/> }
    };
    let button = || view! { <Ico icon=Icon::Silence/>"Silence"<Ico icon=Icon::Down class="i caret"/> };
    view! {
        <Menu class="btn btn-s" from_right=true label=format!("Silence {of}") button=ViewFn::from(button)>
            {LENGTHS.map(item).into_view()}
            <hr/>
            <Item text="Otherwise, with a reason" on_choose=move || silencing.ask(matchers.get_untracked())/>
        </Menu>
    }
}

/// Where the dialog opens.
#[component]
pub(super) fn SilenceDialog(acts: Acts, silencing: Silencing) -> impl IntoView {
    let form = move || view! { <Form acts silencing/> };
    view! { <Dialog open=silencing.open title="Silence alerts">{form}</Dialog> }
}

#[component]
fn Form(acts: Acts, silencing: Silencing) -> impl IntoView {
    let text = RwSignal::new(silencing.matchers.with_untracked(|matchers| matchers.join("\n")));
    let (length, reason) = (RwSignal::new("2h".to_owned()), RwSignal::new(String::new()));
    let who = RwSignal::new(known_who().unwrap_or_default());
    let (busy, failure) = (RwSignal::new(false), RwSignal::new(None::<Failure>));
    let lacks = move || text.with(|text| matchers::read(text).is_empty()) || reason.with(|it| it.trim().is_empty());
    let send = move || {
        remember_who(&who.get_untracked());
        let silence = NewSilence {
            matchers: text.with_untracked(|text| matchers::read(text)),
            from: None,
            length: length.get_untracked().trim().to_owned(),
            reason: reason.get_untracked().trim().to_owned(),
            who: known_who(),
        };
        busy.set(true);
        acts.silence(&silence, move |answer| {
            busy.try_set(false);
            match answer {
                Ok(_) => drop(silencing.open.try_set(false)),
                Err(why) => drop(failure.try_set(Some(why))),
            }
        });
    };
    let refused = move || {
        failure.get().map(|failure| view! { <p class="bad small" role="alert"><Sentence text=failure.detail/></p> })
    };
    let waits = Signal::derive(move || busy.get() || lacks());
    view! {
        <form class="say-form" on:submit=move |event| { event.prevent_default(); send(); }>
            <label class="field"><span>"Alerts that meet all of these"</span>
                <textarea class="input area mono" rows="4" spellcheck="false" placeholder="alertname=\"GroupStandsStill\"" prop:value=text on:input=move |event| text.set(event_target_value(&event))></textarea>
                <small>"One a line; "<code>"="</code>", "<code>"!="</code>", "<code>"=~"</code>" and "<code>"!~"</code>" as in Prometheus."</small></label>
            <div class="field"><span>"For"</span><span class="row">
                <input class="input mono length" aria-label="For how long" spellcheck="false" autocomplete="off" prop:value=length on:input=move |event| length.set(event_target_value(&event))/>
                <Segments label="Usual lengths" choices=&[("1h", "1 h"), ("4h", "4 h"), ("24h", "1 day"), ("168h", "7 days")] chosen=length on_choose=move |word| length.set(word.to_owned())/>
            </span></div>
            <label class="field"><span>"Why"</span><input class="input" maxlength="4000" prop:value=reason on:input=move |event| reason.set(event_target_value(&event))/></label>
            <label class="field"><span>"Who"</span><input class="input" maxlength="100" prop:value=who on:input=move |event| who.set(event_target_value(&event))/><small>"Kept in this browser, written into the audit."</small></label>
            {refused}
            <div class="row acts-end"><Button text="Cancel" look=Look::Quiet on_press=move |_| silencing.open.set(false)/><button type="submit" class="btn btn-primary" disabled=waits>"Silence"</button></div>
        </form>
    }
}
