//! The rows that match, as a file: asked for by the SQL that the filters make.

use leptos::prelude::*;

use super::feed::Feed;
use crate::ui::{
    Ico, Icon,
    download::{Format, download_sql},
    menu::{Item, Menu},
    toast::use_toasts,
};

/// The menu.
#[component]
pub(super) fn Export(feed: Feed) -> impl IntoView {
    let toasts = use_toasts();
    let button = || view! { <Ico icon=Icon::Export/>"Export"<Ico icon=Icon::Down class="i caret"/> };
    let choose = move |format: Format| move || download_sql(feed.sql.get_untracked(), format, "events", toasts);
    view! {
        <Menu class="btn btn-quiet btn-s" button=ViewFn::from(button) from_right=true>
            <Item text="CSV" note="10,000 rows at most" on_choose=choose(Format::Csv)/>
            <Item text="JSON" note="10,000 rows at most" on_choose=choose(Format::Json)/>
            <Item text="Parquet" note="10,000 rows at most" on_choose=choose(Format::Parquet)/>
        </Menu>
    }
}
