//! Taking a cause apart, joining it to another one, and taking that back.

use leptos::prelude::*;
use tapline_api::{Cause, CauseList, Regroup};

use crate::{
    api::{act, load::Load},
    format::sentence,
    state::{settings::who, url::use_address},
    ui::{
        Ico, Icon,
        menu::{Item, Menu},
        toast::{Toasts, use_toasts},
    },
};

/// Causes that are offered to be joined.
const OFFERED: usize = 8;

/// The menu.
#[component]
pub(super) fn GroupMenu(
    id: String,
    known: Memo<Option<Cause>>,
    list: Load<CauseList>,
    said: Callback<()>,
) -> impl IntoView {
    let (address, toasts) = (use_address(), use_toasts());
    let fingerprint = StoredValue::new(id);
    let change = move |of: String, asked: Regroup| {
        let then = move || {
            // What was opened may not be a cause any more.
            address.replace(|query| query.set("cause", None));
            said.run(());
        };
        send(of, asked, toasts, then);
    };
    let split = move |by: &'static str| {
        change(fingerprint.get_value(), Regroup { split_by: Some(by.to_owned()), ..nothing() });
    };
    let others = move || {
        let causes = list.data.with(|list| list.as_deref().map(|list| list.causes.clone()).unwrap_or_default());
        let other = move |other: Cause| {
            let (id, text) = (other.fingerprint.clone(), format!("Merge into: {}", sentence::plain(&other.title)));
            let merge = move || change(fingerprint.get_value(), Regroup { merge_into: Some(id.clone()), ..nothing() });
            view! { <Item text on_choose=merge/> }
        };
        causes
            .into_iter()
            .filter(|it| fingerprint.with_value(|mine| *mine != it.fingerprint))
            .take(OFFERED)
            .map(other)
            .collect_view()
    };
    // A part is put back by taking back the split of the whole.
    let whole =
        move || fingerprint.with_value(|it| it.rsplit_once('-').map_or(it.clone(), |(whole, _)| whole.to_owned()));
    let regrouped = move || known.with(|known| known.as_ref().is_some_and(|it| it.regrouped));
    view! {
        <Menu class="btn btn-quiet btn-s" from_right=true button=ViewFn::from(|| view! { <Ico icon=Icon::Fold/>"Group" })>
            <Item text="Split by event type" on_choose=move || split("type")/>
            <Item text="Split by destination" on_choose=move || split("destination")/>
            <Item text="Split by message" on_choose=move || split("message")/>
            {regrouped().then(|| view! { <Item text="Put back as it was" on_choose=move || change(whole(), nothing())/> })}
            {others}
        </Menu>
    }
}

fn nothing() -> Regroup {
    Regroup { split_by: None, merge_into: None, who: who() }
}

fn send(fingerprint: String, asked: Regroup, toasts: Toasts, then: impl Fn() + 'static) {
    act::post::<CauseList>(super::path(&fingerprint, "/group"), &asked, move |answer| match answer {
        Ok(_) => then(),
        Err(failure) => toasts.say(sentence::plain(&failure.detail)),
    });
}
