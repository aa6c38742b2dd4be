//! What a rule asks, as fields: a condition that Tapline knows, an expression, or a query.

use leptos::prelude::*;
use tapline_api::ConditionView;

use super::{acts::Acts, asks::Asks, draft::Draft, saying::area};
use crate::{
    react::memo,
    ui::{Segments, Sentence, fields::group},
};

/// Names that are offered.
const OFFERED: usize = 6;

/// The group of fields.
pub(super) fn asking(draft: RwSignal<Draft>, acts: Acts) -> AnyView {
    let now = memo(move || draft.with(|draft| draft.asks));
    let chosen = Signal::derive(move || now.get().word().to_owned());
    let choose = move |word: &'static str| draft.update(|draft| draft.asks = Asks::of(word));
    let fields = move || match now.get() {
        Asks::Condition => condition(draft, acts),
        Asks::Expr => expression(draft, acts),
        Asks::Sql => query(draft),
    };
    let choices = &[("condition", "Condition"), ("expr", "Expression"), ("sql", "SQL")];
    group("Asks", view! { <Segments label="What it asks" choices chosen on_choose=choose/>{fields} })
}

/// The list of conditions, and the text in which matchers can be added.
fn condition(draft: RwSignal<Draft>, acts: Acts) -> AnyView {
    let conditions = memo(move || {
        acts.rules.data.with(|list| list.as_ref().map(|list| list.conditions.clone()).unwrap_or_default())
    });
    let known = memo(move || {
        let named = draft.with(|draft| draft.named().trim().to_owned());
        conditions.with(|all| all.iter().find(|it| it.name == named).cloned())
    });
    let option = move |one: ConditionView| {
        let (name, shown) = (one.name.clone(), one.name);
        let is = move || known.with(|known| known.as_ref().is_some_and(|known| known.name == name));
        view! { <option value=shown.clone() prop:selected=is>{shown.clone()}</option> }
    };
    let choose = move |event| draft.update(|draft| draft.choose(&event_target_value(&event)));
    let write = move |event| draft.update(|draft| draft.condition = event_target_value(&event));
    let unknown = move || known.with(Option::is_none);
    let meaning = move || {
        known.get().map(|known| {
            view! { <small class="t2"><Sentence text=known.meaning/></small><code class="t3 small asked-by">{known.expr}</code> }
        })
    };
    view! {
        <select class="input" aria-label="Condition" on:change=choose>
            <option value="" disabled=true prop:selected=unknown>"choose one"</option>
            {move || conditions.get().into_iter().map(option).collect_view()}
        </select>
        <input class="input mono" aria-label="Condition with matchers" autocomplete="off" spellcheck="false" placeholder="group_stands_still{group=~\"bill.*\"}"
            prop:value=move || draft.with(|draft| draft.condition.clone()) on:input=write/>
        {meaning}
    }
    .into_any()
}

/// PromQL, with the names of metrics that what is typed may become.
fn expression(draft: RwSignal<Draft>, acts: Acts) -> AnyView {
    let metrics =
        memo(move || acts.rules.data.with(|list| list.as_ref().map(|list| list.metrics.clone()).unwrap_or_default()));
    let offered = memo(move || metrics.with(|metrics| draft.with(|draft| offers(&draft.expr, metrics))));
    let write = move |event| draft.update(|draft| draft.expr = event_target_value(&event));
    let offer = move |name: String| {
        let shown = name.clone();
        let take = move |_| draft.update(|draft| draft.expr = completed(&draft.expr, &name));
        view! { <button type="button" class="link plain mono" on:click=take>{shown}</button> }
    };
    let offers = move || {
        offered.with(|offered| (!offered.is_empty()).then(|| offered.iter().cloned().map(offer).collect_view()))
    };
    view! {
        <textarea class="input area mono" rows="4" aria-label="Expression" spellcheck="false" placeholder="tapline_source_up == 0"
            prop:value=move || draft.with(|draft| draft.expr.clone()) on:input=write></textarea>
        <span class="offers small">{offers}</span>
        <small class="t3">"PromQL over the names of "<code>"/metrics"</code>": each series that is found is an alert."</small>
    }
    .into_any()
}

fn query(draft: RwSignal<Draft>) -> AnyView {
    view! {
        {area(draft, |draft| &mut draft.sql, "8", "Query")}
        <small class="t3">"Each row is an alert: its columns are labels, a column "<code>"value"</code>" is its number."</small>
    }
    .into_any()
}

/// The word that is being typed: what a name can be made of, at the end.
fn last_word(text: &str) -> &str {
    let begin = text.rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':')));
    let begin = begin.map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    &text[begin..]
}

/// Names that hold the word, those that begin with it first; none within matchers, where names are those of labels.
fn offers(text: &str, metrics: &[String]) -> Vec<String> {
    let word = last_word(text);
    let in_matchers = text.rfind('{') > text.rfind('}');
    if word.len() < 2 || in_matchers || metrics.iter().any(|name| name == word) {
        return Vec::new();
    }
    let begin = metrics.iter().filter(|name| name.starts_with(word));
    let hold = metrics.iter().filter(|name| !name.starts_with(word) && name.contains(word));
    begin.chain(hold).take(OFFERED).cloned().collect()
}

fn completed(text: &str, name: &str) -> String {
    format!("{}{name}", &text[..text.len() - last_word(text).len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_offered_for_the_word_at_the_end() {
        let metrics = ["lag_seconds", "tap_lag", "lag_max", "gaps"].map(str::to_owned);
        assert_eq!(offers("rate(lag", &metrics), ["lag_seconds", "lag_max", "tap_lag"]);
        assert_eq!(completed("rate(lag", "lag_max"), "rate(lag_max");
        assert!(offers("l", &metrics).is_empty() && offers("gaps", &metrics).is_empty());
    }

    #[test]
    fn nothing_is_offered_within_matchers_but_behind_them() {
        let metrics = ["lag_seconds".to_owned()];
        assert!(offers("up{lag", &metrics).is_empty());
        assert_eq!(offers("up{a=\"b\"} > lag", &metrics), ["lag_seconds"]);
    }

    #[test]
    fn a_word_begins_behind_whatever_is_no_name() {
        assert_eq!(["", "a+b", "ä", "sum(", "für_x"].map(last_word), ["", "b", "", "", "r_x"]);
    }
}
