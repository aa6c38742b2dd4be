//! Nothing was put back yet: what would stand here, and the ways to plan a replay.

use leptos::prelude::*;

use crate::{
    state::url::{Query, use_address},
    ui::{Ico, Icon, code::Language, empty::Snippet},
};

/// A query to begin with: what died in the last hour.
const QUERY: &str =
    "SELECT address, timestamp, type, key_text\nFROM dead_letters\nWHERE timestamp > now() - INTERVAL '1 hour'";

/// The page without replays.
#[component]
pub(super) fn Nothing() -> impl IntoView {
    let address = use_address();
    let sql = move || {
        let mut query = Query::default();
        query.set("sql", Some(QUERY));
        address.link(&query.on("/sql"))
    };
    view! {
        <section class="panel"><ol class="steps">
            <li><span class="nr">"1"</span><div>
                <h3>"Choose what goes back"</h3>
                <p>"A cause, or some of its dead letters; one event, from its drawer; or whatever a query with a column "<code>"address"</code>" names. The events come from the archive, byte for byte, even when the broker has deleted them."</p>
                <p class="row"><a class="btn btn-primary" href=move || address.link("/dead-letters")><Ico icon=Icon::Dead/>"Dead letters"</a>
                    <a class="btn" href=move || address.link("/events")><Ico icon=Icon::Events/>"Events"</a><a class="btn" href=sql><Ico icon=Icon::Sql/>"A query"</a></p>
            </div></li>
            <li><span class="nr">"2"</span><div>
                <h3>"Read the plan"</h3>
                <p>"How many, by cause, type, key and age; which partitions; who reads them a second time; what happened to their stories meanwhile. Nothing is sent before each warning was read."</p>
            </div></li>
            <li><span class="nr">"3"</span><div>
                <h3>"Watch it"</h3>
                <p>"Progress, rate and time left; pause and cancel at any moment. It stops by itself when events come back dead. What became of each event is told one by one."</p>
                <Snippet name="shell" language=Language::Shell text="$ tapline replay --help"/>
            </div></li>
        </ol></section>
    }
}
