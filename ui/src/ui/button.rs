//! Buttons. One filled one in view: the next right thing.

use leptos::{ev::MouseEvent, prelude::*};

use super::icon::{Ico, Icon};

/// How much a button asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Look {
    /// A frame.
    #[default]
    Plain,
    /// The next right thing.
    Primary,
    /// No frame until it is pointed at.
    Quiet,
    /// Ends something for good.
    Danger,
}

impl Look {
    fn class(self, small: bool, icon: bool) -> String {
        let look = match self {
            Self::Plain => "btn",
            Self::Primary => "btn btn-primary",
            Self::Quiet => "btn btn-quiet",
            Self::Danger => "btn btn-danger outline",
        };
        format!("{look}{}{}", if small { " btn-s" } else { "" }, if icon { " btn-i" } else { "" })
    }
}

/// A button with a word.
#[component]
pub(crate) fn Button(
    /// The word, a verb.
    #[prop(into)]
    text: TextProp,
    /// Before the word.
    #[prop(optional)]
    icon: Option<Icon>,
    /// How much it asks for.
    #[prop(optional)]
    look: Look,
    /// In a row or a panel's head.
    #[prop(optional)]
    small: bool,
    /// Whether it can be pressed.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// What it does.
    on_press: impl Fn(MouseEvent) + 'static,
) -> impl IntoView {
    // Compiled once, not once a call.
    button(text, icon, look.class(small, false), disabled, Box::new(on_press))
}

type Press = Box<dyn Fn(MouseEvent)>;

fn button(text: TextProp, icon: Option<Icon>, class: String, disabled: Signal<bool>, on_press: Press) -> AnyView {
    view! {
        <button type="button" class=class disabled=disabled on:click=on_press>
            {icon.map(|icon| view! { <Ico icon/> })}
            {move || text.get()}
        </button>
    }
    .into_any()
}

/// A button with nothing but an icon.
#[component]
pub(crate) fn IconButton(
    /// What it shows.
    icon: Icon,
    /// What it does, for those who do not see it.
    #[prop(into)]
    label: String,
    /// In a row or a panel's head.
    #[prop(optional)]
    small: bool,
    /// Whether it can be pressed.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// What it does.
    on_press: impl Fn(MouseEvent) + 'static,
) -> impl IntoView {
    icon_button(icon, label, Look::Quiet.class(small, true), disabled, Box::new(on_press))
}

fn icon_button(icon: Icon, label: String, class: String, disabled: Signal<bool>, on_press: Press) -> AnyView {
    view! {
        <button type="button" class=class disabled=disabled aria-label=label.clone() title=label on:click=on_press>
            <Ico icon/>
        </button>
    }
    .into_any()
}
