//! Nothing is dead: what would stand here, and how Tapline knows it.

use leptos::prelude::*;

use crate::ui::empty::Empty;

/// The page without causes.
#[component]
pub(super) fn Nothing() -> impl IntoView {
    view! {
        <section class="panel">
            <Empty title="Nothing was given up" why="Events that a consumer gives up on appear here, grouped by what went wrong. They are known by the headers of Spring Kafka, Kafka Connect, Kafka Streams, Quarkus, Karafka and Watermill, and by `dlq-reason` and its like."/>
        </section>
    }
}
