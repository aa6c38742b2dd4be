//! Queries to begin with; each runs as it stands on any archive.

use leptos::prelude::*;

use crate::ui::{Ico, Icon};

/// Name and query of each.
pub(super) const EXAMPLES: [(&str, &str); 6] = [
    (
        "Events by type",
        "-- what passed in the last hour, most frequent first\nSELECT type,\n       count(*) AS events,\n       sum(size) AS bytes,\n       max(timestamp) AS newest\nFROM events\nWHERE timestamp > now() - INTERVAL '1 hour'\nGROUP BY type\nORDER BY events DESC",
    ),
    (
        "Events a minute",
        "SELECT date_bin(INTERVAL '1 minute', timestamp) AS at,\n       destination,\n       count(*) AS events\nFROM events\nWHERE timestamp > now() - INTERVAL '1 hour'\nGROUP BY at, destination\nORDER BY at DESC, events DESC",
    ),
    (
        "Dead letters by cause",
        "SELECT root_cause,\n       consumer_group,\n       destination,\n       count(*) AS events,\n       min(timestamp) AS first,\n       max(timestamp) AS last\nFROM dead_letters\nGROUP BY root_cause, consumer_group, destination\nORDER BY events DESC",
    ),
    (
        "Biggest events",
        "SELECT timestamp, destination, type, key_text, size\nFROM events\nORDER BY size DESC\nLIMIT 50",
    ),
    (
        "Who produces what",
        "SELECT producer,\n       destination,\n       type,\n       count(*) AS events\nFROM events\nGROUP BY producer, destination, type\nORDER BY producer, events DESC",
    ),
    (
        "How late events become searchable",
        "SELECT destination,\n       count(*) AS events,\n       max(archived_at - timestamp) AS latest\nFROM events\nWHERE timestamp > now() - INTERVAL '15 minutes'\nGROUP BY destination\nORDER BY events DESC",
    ),
];

/// The list.
#[component]
pub(super) fn Examples(ask: Callback<String>) -> impl IntoView {
    let example = move |(name, sql): (&'static str, &'static str)| {
        view! { <button type="button" class="exs" on:click=move |_| ask.run(sql.to_owned())><Ico icon=Icon::Sql/>{name}</button> }
    };
    view! {
        <section class="panel">
            <div class="head"><h2>"Examples"</h2></div>
            <div class="schema">{EXAMPLES.into_iter().map(example).collect_view()}</div>
        </section>
    }
}
