//! The form that writes a rule: tried over the last week before it is saved. What stands in the configuration file is not
//! written here, and says so.

use leptos::prelude::*;
use tapline_api::{AlertRule, AlertRuleView, RuleOrigin};

use super::{
    acts::Acts,
    asking::asking,
    draft::Draft,
    opened,
    preview::{Preview, Tried},
    saying::{field, says, tells, when},
};
use crate::{
    api::failure::Failure,
    react::{effect, memo},
    state::{
        settings::{remember_who, who as known_who},
        url::use_address,
    },
    ui::{Button, Look, Sentence},
};

/// The form of a rule, of a new one without; one of the file is only named.
#[component]
pub(super) fn Editor(
    /// The rule as it was when the form was opened.
    view: Option<AlertRuleView>,
    acts: Acts,
) -> impl IntoView {
    if view.as_ref().is_some_and(|view| view.origin == RuleOrigin::File) {
        return view! { <section><p class="t2">"This rule stands in the configuration file: it is changed there, and one of its name cannot be written here."</p></section> }.into_any();
    }
    view! { <Form view acts/> }.into_any()
}

#[component]
fn Form(view: Option<AlertRuleView>, acts: Acts) -> impl IntoView {
    let first = view.as_ref().map_or_else(Draft::default, |view| Draft::of(&view.name, &view.rule));
    let is_new = view.is_none();
    let draft = RwSignal::new(kept(acts, &first));
    keep(acts, first, draft);
    let tried: Tried = RwSignal::new(None);
    let who = RwSignal::new(known_who().unwrap_or_default());
    let (busy, failure) = (RwSignal::new(false), RwSignal::new(None::<Failure>));
    let rule = memo(move || draft.with(Draft::rule));
    let unnamed = memo(move || if is_new { draft.with(|draft| unnamed(&draft.name, &taken(acts))) } else { None });
    let address = use_address();
    let save = move || {
        let (Ok(rule), None) = (rule.get_untracked(), unnamed.get_untracked()) else { return };
        remember_who(&who.get_untracked());
        let name = draft.with_untracked(|draft| draft.name.trim().to_owned());
        busy.set(true);
        failure.set(None);
        acts.save(&name, &rule, move |answer| {
            let is_left = busy.try_set(false).is_some();
            match answer {
                // Who left the form meanwhile is not taken back to it.
                Ok(_) if is_left => {}
                Ok(saved) => {
                    acts.kept.set_value(None);
                    if is_new { opened::open(address, Some(&saved.name)) } else { opened::edit(address, false) }
                }
                Err(why) => drop(failure.try_set(Some(why))),
            }
        });
    };
    let cancel = move |_| {
        acts.kept.set_value(None);
        if is_new { opened::open(address, None) } else { opened::edit(address, false) }
    };
    let waits = Signal::derive(move || busy.get() || rule.with(Result::is_err) || unnamed.with(Option::is_some));
    let missing = move || lacks(failure.get(), unnamed.get().or(rule.get().err()));
    let name =
        is_new.then(|| field(draft, |draft| &mut draft.name, "Name", "alertname of its alerts, such as PaymentsSlow"));
    let removes = view.as_ref().filter(|view| view.origin == RuleOrigin::Page).cloned();
    let removes = removes.map(|view| view! { <Remove view acts busy failure/> });
    view! {
        <form class="rule-form" on:submit=move |event| { event.prevent_default(); save(); }>
            {hint(view.as_ref())}
            {name}
            {asking(draft, acts)}
            {when(draft)}
            {says(draft)}
            {tells(draft, acts)}
            <Preview rule tried/>
            <label class="field"><span>"Who"</span><input class="input" maxlength="100" prop:value=who on:input=move |event| who.set(event_target_value(&event))/><small>"Kept in this browser, written into the audit."</small></label>
            <div class="rule-end">{missing}<div class="row">
                {removes}
                <span class="push"></span><Button text="Cancel" look=Look::Quiet on_press=cancel/>
                <button type="submit" class="btn btn-primary" disabled=waits>"Save"</button></div></div>
        </form>
    }
}

/// What is missing before it can be saved, else why it was refused.
fn lacks(failure: Option<Failure>, missing: Option<String>) -> AnyView {
    match (missing, failure) {
        (Some(why), _) => view! { <p class="t2 small"><Sentence text=why/></p> }.into_any(),
        (None, Some(failure)) => {
            view! { <p class="bad small" role="alert"><Sentence text=failure.detail/></p> }.into_any()
        }
        (None, None) => ().into_any(),
    }
}

/// What follows from saving a rule that came with Tapline.
fn hint(view: Option<&AlertRuleView>) -> Option<impl IntoView + use<>> {
    let is_default = view.is_some_and(|view| view.origin == RuleOrigin::Default);
    is_default.then(|| {
        view! { <p class="small t2">"It came with Tapline. What you save stands in its place, and can be taken back at any time."</p> }
    })
}

/// What was typed before and not saved, else the rule as it is.
fn kept(acts: Acts, first: &Draft) -> Draft {
    let kept = acts
        .kept
        .with_value(|kept| kept.as_ref().filter(|(name, _)| *name == first.name).map(|(_, draft)| draft.clone()));
    kept.unwrap_or_else(|| first.clone())
}

/// Keeps what differs from the rule, under the name that the form was opened with.
fn keep(acts: Acts, first: Draft, draft: RwSignal<Draft>) {
    effect(move || {
        let changed = draft.with(|draft| (*draft != first).then(|| (first.name.clone(), draft.clone())));
        acts.kept.set_value(changed);
    });
}

/// Names that rules have.
fn taken(acts: Acts) -> Vec<String> {
    acts.rules.data.with(|list| list.iter().flat_map(|list| &list.rules).map(|rule| rule.name.clone()).collect())
}

/// Why a new rule cannot have this name.
fn unnamed(name: &str, taken: &[String]) -> Option<String> {
    match name.trim() {
        "" => Some("Name the rule.".to_owned()),
        name if taken.iter().any(|other| other == name) => {
            Some(format!("There is a rule `{name}` already: open it to change it."))
        }
        _ => None,
    }
}

/// Deletes a rule that was written here; a second press is asked for.
#[component]
fn Remove(view: AlertRuleView, acts: Acts, busy: RwSignal<bool>, failure: RwSignal<Option<Failure>>) -> impl IntoView {
    let (address, sure) = (use_address(), RwSignal::new(false));
    let brings_back = view.hides_default;
    let word = move || match (sure.get(), brings_back) {
        (false, true) => "Back to the default",
        (false, false) => "Delete",
        (true, true) => "Yes, bring the default back",
        (true, false) => "Yes, delete it",
    };
    let press = move |_| {
        if !sure.get_untracked() {
            return sure.set(true);
        }
        busy.set(true);
        failure.set(None);
        acts.remove(&view.name, move |answer| {
            let is_left = busy.try_set(false).is_some();
            match answer {
                Ok(()) if is_left => {}
                Ok(()) => {
                    acts.kept.set_value(None);
                    if brings_back { opened::edit(address, false) } else { opened::open(address, None) }
                }
                Err(why) => drop(failure.try_set(Some(why))),
            }
        });
    };
    view! { <Button text=TextProp::from(move || word().to_owned()) look=Look::Danger disabled=busy on_press=press/> }
}

/// The rule that the fields make, or why they make none.
pub(super) type Made = Memo<Result<AlertRule, String>>;

#[cfg(test)]
mod tests {
    use super::unnamed;

    #[test]
    fn a_new_rule_has_a_name_of_its_own() {
        let taken = ["GroupStandsStill".to_owned()];
        assert_eq!(unnamed(" ", &taken).as_deref(), Some("Name the rule."));
        assert!(unnamed("GroupStandsStill ", &taken).is_some_and(|why| why.contains("already")));
        assert_eq!(unnamed("PaymentsSlow", &taken), None);
    }
}
