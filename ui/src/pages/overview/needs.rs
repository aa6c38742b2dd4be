//! What needs a person, worst first, each with its action; and what is known and mends itself.

use leptos::prelude::*;
use tapline_api::{Action, Level, Need};

use crate::{
    charts::sparkline::Sparkline,
    format::sentence,
    state::url::use_address,
    ui::{Mark, Sentence, Shape, state::tone},
};

/// The panel; one quiet line where nobody is needed.
pub(super) fn needs(needs: Vec<Need>) -> AnyView {
    if needs.is_empty() {
        return view! {
            <section class="panel calm-panel"><Mark shape=Shape::Well level=Level::Ok/><span>"Nothing needs a person."</span></section>
        }
        .into_any();
    }
    let rows = needs.into_iter().enumerate().map(|(index, need)| row(need, index == 0)).collect_view();
    view! {
        <section class="panel">
            <div class="head"><h2>"Needs a person"</h2><span class="t3">"worst first"</span></div>
            <ol class="needs">{rows}</ol>
        </section>
    }
    .into_any()
}

fn row(need: Need, first: bool) -> impl IntoView {
    let label = sentence::plain(&need.sentence);
    let spark =
        (need.spark.len() > 1).then(|| view! { <Sparkline points=need.spark tone=tone(need.level) label=label/> });
    let figure = need.figure.map(|figure| {
        let (number, rest) = lead(&figure);
        view! { <span><b>{number.to_owned()}</b>{rest.to_owned()}<small>{need.figure_note}</small></span> }
    });
    view! {
        <li>
            <Mark shape=Shape::of(&need.mark) level=need.level/>
            <div class="say"><b><Sentence text=need.sentence/></b><span><Sentence text=need.detail/></span></div>
            <div class="trend">{spark}{figure}</div>
            <div class="acts">{actions(need.actions, first)}</div>
        </li>
    }
}

/// The one filled button in view is the worst one's next right thing.
fn actions(actions: Vec<Action>, first: bool) -> impl IntoView {
    let address = use_address();
    let action = move |(index, action): (usize, Action)| {
        let class = if first && index == 0 { "btn btn-primary btn-s" } else { "btn btn-s" };
        view! { <a class=class href=move || address.link(&action.href)>{action.label}</a> }
    };
    actions.into_iter().enumerate().map(action).collect_view()
}

/// The number of a figure and what follows it: `43.1k` and ` unread`.
fn lead(figure: &str) -> (&str, &str) {
    let digits = figure
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',' | '+' | '-' | '−' | '<'))
        .unwrap_or(figure.len());
    let unit = figure[digits..].chars().next().filter(|c| matches!(c, 'k' | 'M' | 'G' | 'T')).map_or(0, char::len_utf8);
    let followed = figure[digits + unit..].chars().next().is_some_and(char::is_alphabetic);
    figure.split_at(if followed { digits } else { digits + unit })
}

/// What is known and needs nobody; nothing where there is nothing.
pub(super) fn recovering(recovering: Vec<Need>) -> Option<impl IntoView> {
    let address = use_address();
    let row = move |need: Need| {
        let action = need.actions.into_iter().next();
        let link = action
            .map(|action| view! { <a class="link push" href=move || address.link(&action.href)>{action.label}</a> });
        view! {
            <li>
                <Mark shape=Shape::of(&need.mark) level=need.level/>
                <span><Sentence text=need.sentence/>" "<span class="t3"><Sentence text=need.detail/></span></span>
                {link}
            </li>
        }
    };
    (!recovering.is_empty()).then(|| {
        view! {
            <section class="panel">
                <div class="head"><h2>"Needs nobody"</h2><span class="t3">"known and recovering"</span></div>
                <ul class="calm">{recovering.into_iter().map(row).collect_view()}</ul>
            </section>
        }
    })
}

#[cfg(test)]
mod tests {
    use super::lead;

    #[test]
    fn the_number_of_a_figure_stands_out() {
        assert_eq!(lead("43.1k unread, +14.8/s"), ("43.1k", " unread, +14.8/s"));
        assert_eq!(lead("0/min now, was 38"), ("0", "/min now, was 38"));
        assert_eq!(lead("12 Mails"), ("12", " Mails"));
        assert_eq!(lead("3Mails"), ("3", "Mails"));
        assert_eq!(lead("unknown"), ("", "unknown"));
    }
}
