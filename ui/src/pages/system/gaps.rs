//! Offsets that are not in the archive and never will be, with what can be known of why.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Gap, GapList, GapReason, Level};

use crate::{
    api::load::Load,
    format::{self, number, time},
    frame::StatusLoad,
    state::time_range::use_zone,
    ui::{Mark, Shape, rows::Rows},
};

/// The panel's head.
#[component]
pub(super) fn Head(load: Load<GapList>) -> impl IntoView {
    let note = move || {
        load.data.with(|list| {
            list.as_ref().map(|list| {
                if list.gaps.is_empty() {
                    "none".to_owned()
                } else {
                    format!("{}, newest first", number::exact(list.gaps.len() as u64))
                }
            })
        })
    };
    view! { <div class="head"><h2>"Gaps"</h2><span class="t3">{note}</span></div> }
}

/// The panel's content.
pub(super) fn gaps(list: Arc<GapList>) -> AnyView {
    if list.gaps.is_empty() && expect_context::<StatusLoad>().is_new() {
        return view! { <p class="well t2">"Nothing was read yet, so nothing can be missing."</p> }.into_any();
    }
    if list.gaps.is_empty() {
        return view! { <p class="well"><Mark shape=Shape::Well level=Level::Ok/><span>"Every offset that the brokers delivered is archived. Single offsets that they never deliver, such as markers of transactions, are counted below."</span></p> }.into_any();
    }
    let count = list.gaps.len();
    let rows = Arc::clone(&list);
    view! {
        <div class="scroll"><table class="table fixed gaps">
            <thead><tr><th class="g-dest">"Destination"</th><th class="g-part num">"Partition"</th><th class="g-range">"Offsets"</th><th class="g-count num">"Count"</th><th class="g-why">"Why"</th><th class="g-seen num">"Noticed"</th></tr></thead>
            <Rows count=Signal::derive(move || count) key=move |index| key(list.gaps.get(index)) row=move |index| rows.gaps.get(index).map(row)/>
        </table></div>
    }
    .into_any()
}

fn key(gap: Option<&Gap>) -> String {
    gap.map(|gap| {
        format!("{}/{}/{}/{}/{}/{}", gap.source, gap.destination, gap.incarnation, gap.partition, gap.from, gap.to)
    })
    .unwrap_or_default()
}

fn row(gap: &Gap) -> impl IntoView + use<> {
    let (zone, now) = (use_zone(), format::now());
    let seen = time::parse(&gap.seen_at);
    let title = move || seen.map(|micros| time::full(micros, zone.get()));
    let (word, why) = reason(gap.reason);
    let offset = |offset: i64| number::exact(offset.unsigned_abs());
    view! {
        <tr>
            <td title=format!("{} in {}", gap.destination, gap.source)>{gap.destination.clone()}</td>
            <td class="num">{gap.partition}</td>
            <td>{offset(gap.from)}<span class="t3">" to "</span>{offset(gap.to - 1)}</td>
            <td class="num">{number::short((gap.to - gap.from).unsigned_abs())}</td>
            <td title=why>{word}</td>
            <td class="num t2" title=title>{seen.map(|micros| time::relative(micros.div_euclid(1000), now))}</td>
        </tr>
    }
}

/// A word and what it means.
fn reason(reason: GapReason) -> (&'static str, &'static str) {
    match reason {
        GapReason::Expired => ("expired", "The broker's retention deleted them before the tap came to them."),
        GapReason::Erased => ("erased", "They held an ID that was erased."),
        GapReason::Excluded => ("excluded", "The configuration says that they are not read."),
        GapReason::NotDelivered => {
            ("not delivered", "Compaction, or a transaction that was rolled back: the broker does not say which.")
        }
    }
}
