//! One sentence for the whole page while the server does not answer: since when, and what happens next.

use leptos::prelude::*;
use tapline_api::Level;

use super::StatusLoad;
use crate::{
    api::reach::use_reach,
    format::time,
    state::time_range::use_zone,
    ui::{Button, Mark, Shape},
};

/// The strip above every page; nothing while all is well.
#[component]
pub(super) fn Gone() -> impl IntoView {
    let (reach, zone, StatusLoad(status)) = (use_reach(), use_zone(), expect_context());
    move || {
        reach.gone.get().map(|last| {
            let since = move || time::second(last, zone.get());
            view! {
                <div class="gone-strip" role="alert">
                    <Mark shape=Shape::Failing level=Level::Bad/>
                    <p><b>"Tapline has not answered since "{since}"."</b>" It is stopped, restarting or out of reach. What is shown is from before; it is asked again every 10 s."</p>
                    <span class="push"><Button text="Try now" small=true on_press=move |_| status.retry()/></span>
                </div>
            }
        })
    }
}
