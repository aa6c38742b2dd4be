//! What a rule would have done in the last week and finds now, before it is saved.

use leptos::prelude::*;
use tapline_api::{AlertPreview, AlertRule, Found, Level};

use super::{
    form::Made,
    strip::{self, Days, Strip},
    words,
};
use crate::{
    api::{act, failure::Failure},
    format::number,
    react::memo,
    ui::{Button, Icon, Mark, Sentence, Shape},
};

/// Found things that are shown.
const MOST: usize = 10;

/// What was tried and how it went.
pub(super) type Tried = RwSignal<Option<(AlertRule, Result<AlertPreview, Failure>)>>;

/// The button and what came of it.
#[component]
pub(super) fn Preview(rule: Made, tried: Tried) -> impl IntoView {
    let busy = RwSignal::new(false);
    let press = move |_| {
        let Ok(rule) = rule.get_untracked() else { return };
        busy.set(true);
        let of = rule.clone();
        act::post("/api/v1/alert-preview".to_owned(), &rule, move |answer| {
            busy.try_set(false);
            tried.try_set(Some((of, answer)));
        });
    };
    let waits = Signal::derive(move || busy.get() || rule.with(Result::is_err));
    let stale = memo(move || {
        tried.with(|tried| tried.as_ref().is_some_and(|(of, _)| rule.with(|rule| rule.as_ref() != Ok(of))))
    });
    let word = move || if busy.get() { "Looking back over a week" } else { "Preview" }.to_owned();
    let note = move || stale.get().then_some("The rule was changed since.");
    let outcome = move || {
        tried.get().map(|(rule, answer)| match answer {
            Ok(preview) => outcome(&rule, preview),
            Err(failure) => view! { <p class="bad small" role="alert"><Sentence text=failure.detail/></p> }.into_any(),
        })
    };
    view! {
        <fieldset class="ask"><legend>"Preview"</legend>
            <span class="row"><Button text=TextProp::from(word) icon=Icon::Play small=true disabled=waits on_press=press/>
                <small class="t3">{move || note().unwrap_or("what it would have done in the last seven days")}</small></span>
            <div class="tried-rule" class:stale=stale aria-live="polite">{outcome}</div>
        </fieldset>
    }
}

fn outcome(rule: &AlertRule, preview: AlertPreview) -> AnyView {
    let severity = rule.labels.get("severity").cloned().unwrap_or_default();
    let (range, level) = (strip::range(&preview.from, &preview.to), words::level(&severity));
    let found = preview.now.iter().take(MOST).map(|found| row(found, rule.expr.as_deref())).collect_view();
    let more = preview.now.len().saturating_sub(MOST);
    let more = (more > 0).then(|| view! { <li class="t3">{format!("and {} more", number::exact(more as u64))}</li> });
    let unknown = preview.unknown.iter().cloned().map(|why| {
        view! { <li><Mark shape=Shape::Behind level=Level::Warn small=true/><span><Sentence text=why/></span></li> }
    });
    let unknown =
        (!preview.unknown.is_empty()).then(|| view! { <ul class="alert-lines">{unknown.collect_view()}</ul> });
    let step = format!(
        "{}, looked at every {}",
        number::count(preview.count as u64, "time", "times"),
        number::duration(preview.step * 1000.0)
    );
    view! {
        <p><Sentence text=preview.sentence.clone()/>" "<span class="t3 small">{step}</span></p>
        <div class="preview-strip"><Days range=Signal::stored(range)/><Strip fired=Signal::stored(preview.fired.clone()) range=Signal::stored(range) level=Signal::stored(level)/></div>
        {unknown}
        <p class="small t2">{finds(preview.now.len())}</p>
        <ul class="alert-lines">{found}{more}</ul>
    }
    .into_any()
}

/// How much it finds now; of a hundred and more only a hundred are told.
fn finds(count: usize) -> String {
    match count {
        0 => "It finds nothing now.".to_owned(),
        100.. => "It finds a hundred and more now:".to_owned(),
        count => format!("It finds {} now:", number::exact(count as u64)),
    }
}

fn row(found: &Found, expr: Option<&str>) -> impl IntoView + use<> {
    let value = found.value.map(|value| words::value(value, expr));
    let labels: Vec<String> = found.labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    let labels = labels.join(", ");
    view! {
        <li><span><Sentence text=found.sentence.clone()/><small class="mono cut" title=labels.clone()>{labels.clone()}</small></span>
            <span class="push num">{value}</span></li>
    }
}

#[cfg(test)]
mod tests {
    use super::finds;

    #[test]
    fn what_is_found_is_counted_as_far_as_it_is_told() {
        assert_eq!(
            [0, 1, 100].map(finds),
            ["It finds nothing now.", "It finds 1 now:", "It finds a hundred and more now:"]
        );
    }
}
