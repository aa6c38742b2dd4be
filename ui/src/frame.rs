//! What stands around every page: search and time range above, pages at the left, the status line below, the drawer of
//! one event at the right.

use leptos::{html, prelude::*};
use tapline_api::Status;

use crate::{
    api::{
        load::{Load, use_load},
        session::use_session,
    },
    drawer::EventDrawer,
    keyboard::{Command, use_commands},
    pages::Page,
    planning::PlanningPlace,
    react::{effect, memo},
    state::{refresh::use_beat, theme::use_theme, url::use_address},
    ui::{Ico, Icon, IconButton, toast::ToastPlace},
};

mod gone;
mod keys;
mod log_in;
mod nav;
mod search;
mod status;
mod time_menu;

pub(crate) use log_in::LogIn;

/// `GET /status`, asked at every beat: for the frame and for pages that depend on it.
#[derive(Clone, Copy)]
pub(crate) struct StatusLoad(pub(crate) Load<Status>);

impl StatusLoad {
    /// Whether it is known that nothing was ever archived; followed as it changes.
    pub(crate) fn is_new(self) -> bool {
        let is_new = |status: &Status| status.archive.rows + status.archive.hot_rows == 0;
        self.0.data.with(|status| status.as_deref().is_some_and(is_new))
    }
}

/// The frame around a page.
#[component]
pub(crate) fn Frame(
    /// The page.
    children: Children,
) -> impl IntoView {
    let beat = use_beat();
    let status = use_load::<Status>(move || {
        beat.follow();
        Some("/api/v1/status".to_owned())
    });
    provide_context(StatusLoad(status));
    let (address, help, main) = (use_address(), RwSignal::new(false), NodeRef::<html::Main>::new());
    let page = memo(move || address.path.with(|path| Page::of(path)));
    let mut before = None;
    // What led here is gone with the page before: Tab goes on in the new one, not behind it.
    effect(move || {
        let now = page.get();
        if before.replace(now).is_some_and(|before| before != now) {
            drop(main.get_untracked().map(|main| main.focus()));
        }
    });
    use_commands(move |command| match command {
        Command::Go(path) => {
            address.go(&address.link(path));
            true
        }
        Command::Help => {
            help.set(true);
            true
        }
        _ => false,
    });
    view! {
        <div class="app">
            <a class="skip" href="#main">"Skip to the page"</a>
            <Top/>
            <nav::Nav/>
            <gone::Gone/>
            <main class="main" id="main" tabindex="-1" node_ref=main>
                {children()}
                <EventDrawer/>
            </main>
            <status::StatusLine help/>
        </div>
        <keys::KeysDialog open=help/>
        <PlanningPlace/>
        <ToastPlace/>
    }
}

#[component]
fn Top() -> impl IntoView {
    let (address, theme, session) = (use_address(), use_theme(), use_session());
    let log_out = move || {
        session
            .required
            .get()
            .then(|| view! { <IconButton icon=Icon::Out label="Log out" on_press=move |_| session.log_out()/> })
    };
    view! {
        <header class="top">
            <a class="brand" href=move || address.link("/")><Ico icon=Icon::Mark/><b>"Tapline"</b></a>
            <search::Search/>
            <div class="top-end">
                <time_menu::TimeMenu/>
                <IconButton icon=Icon::Theme label="Switch between dark and light" on_press=move |_| theme.flip()/>
                {log_out}
            </div>
        </header>
    }
}
