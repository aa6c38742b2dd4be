//! What is mounted: the contexts, the router and the frame around every page; the log in where a server asks for one.

use leptos::prelude::*;
use leptos_router::{
    components::{Outlet, ParentRoute, Route, Router, Routes},
    path,
};

use crate::{
    api::{
        reach,
        session::{self, Standing},
    },
    drawer,
    frame::{Frame, LogIn},
    keyboard, pages,
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
    view! {
        <Router>
            <Routes fallback=|| ().into_any()>
                <ParentRoute path=path!("") view=Shell>
                    <Route path=path!("") view=pages::overview::Overview/>
                    <Route path=path!("events") view=pages::events::Events/>
                    <Route path=path!("chain/:id") view=pages::chain::Chain/>
                    <Route path=path!("dead-letters") view=pages::dead_letters::DeadLetters/>
                    <Route path=path!("sql") view=pages::sql::Sql/>
                    <Route path=path!("system") view=pages::system::System/>
                    <Route path=path!("*any") view=pages::nowhere::Nowhere/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}

#[component]
fn Shell() -> impl IntoView {
    url::provide_address();
    drawer::provide_neighbours();
    view! { <Frame><Outlet/></Frame> }
}
