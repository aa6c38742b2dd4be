//! No group has been seen: what would stand here, and where it comes from.

use leptos::prelude::*;

use crate::ui::empty::Empty;

/// The page without groups.
#[component]
pub(super) fn Nothing() -> impl IntoView {
    view! {
        <section class="panel">
            <Empty title="No consumer group yet" why="Groups appear here as soon as they commit an offset: how far each is behind, when it will have caught up, and when unread events are deleted. Brokers are asked again and again (`lag.interval`); nothing joins a group, and nothing is committed."/>
        </section>
    }
}
