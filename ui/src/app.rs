//! What is mounted: the contexts and the frame around the page that the address names; the log in where a server asks for
//! one.

use leptos::prelude::*;

use crate::{
    api::{
        reach,
        session::{self, Standing},
    },
    drawer,
    frame::{Frame, LogIn},
    keyboard,
    pages::Page,
    planning,
    react::memo,
    state::{hues, refresh, settings, theme, url},
    ui::toast,
};

/// The whole page.
#[component]
pub(crate) fn App() -> impl IntoView {
    theme::provide_theme();
    settings::provide_settings();
    hues::provide_hues();
    refresh::provide_beat();
    toast::provide_toasts();
    reach::provide_reach();
    let session = session::provide_session();
    let standing = session.standing;
    move || match standing.get() {
        Standing::Unknown => ().into_any(),
        Standing::Open => view! { <Pages/> }.into_any(),
        Standing::Closed => view! { <LogIn session ended=false/> }.into_any(),
        Standing::Ended => view! { <LogIn session ended=true/> }.into_any(),
    }
}

#[component]
fn Pages() -> impl IntoView {
    keyboard::provide_keyboard();
    url::provide_address();
    drawer::provide_neighbours();
    planning::provide_planning();
    let path = url::use_address().path;
    let page = memo(move || path.with(|path| Page::of(path)));
    view! { <Frame>{move || page.get().view()}</Frame> }
}
