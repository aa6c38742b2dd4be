//! What a plan puts back: the query that chooses the events, and how they spread.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Count, PartitionShare, ReplayDetail};

use crate::{
    format::{
        id::{last_words, middle},
        number,
    },
    state::url::{Query, use_address},
    ui::{
        Copy, Sentence,
        code::{Code, Language},
    },
};

/// Lines of a spread; the rest is told together.
const LINES: usize = 6;

/// The section.
#[component]
pub(super) fn What(plan: Arc<ReplayDetail>) -> impl IntoView {
    let address = use_address();
    let what = &plan.plan;
    let run = what.sql.clone().map(|sql| {
        let mut query = Query::default();
        query.set("sql", Some(&sql));
        let (path, copied) = (query.on("/sql"), Signal::stored(sql));
        view! { <span class="h-end small"><a class="link" href=move || address.link(&path)>"Run it in SQL"</a>" "<Copy text=copied label="Copy the query"/></span> }
    });
    let sql = what
        .sql
        .clone()
        .map(|sql| view! { <pre class="code wrap" tabindex="0"><Code language=Language::Sql text=sql/></pre> });
    let each = one_each(what.by_key.is_empty(), what.keys, plan.replay.progress.items);
    let keys = each.is_none().then(|| format!("{}, ", number::count(what.keys, "key", "keys")));
    let many = format!("{}{}", keys.unwrap_or_default(), number::bytes(what.bytes));
    let plain = |name: &str| name.to_owned();
    let spreads = [
        ("By cause", lines(&what.by_cause, fingerprint), None),
        ("By type", lines(&what.by_type, |name| last_words(name, 14).to_owned()), None),
        ("By key", lines(&what.by_key, plain), each),
        ("By age", lines(&what.by_age, plain), None),
        ("From", lines(&what.by_origin, plain), None),
        ("To partition", lines(&places(&what.partitions), plain), None),
    ];
    let spread = spreads
        .into_iter()
        .filter(|(_, lines, said)| !lines.is_empty() || said.is_some())
        .map(|(name, lines, said)| view! { <Spread name lines said/> });
    view! {
        <div class="block"><h3>"What"<span class="t3"><Sentence text=what.chosen_by.clone()/>", "{many}</span>{run}</h3>{sql}<div class="dists">{spread.collect_view()}</div></div>
    }
}

/// What stands for a spread by key in which nothing would differ: `1,259 keys, one event each`.
fn one_each(no_counts: bool, keys: u64, items: u64) -> Option<String> {
    let with = match keys {
        _ if !no_counts || items == 0 => return None,
        0 => return Some("No event has a key".to_owned()),
        1 => "1 key, one event".to_owned(),
        keys => format!("{} keys, one event each", number::short(keys)),
    };
    Some(match items.saturating_sub(keys) {
        0 => with,
        without => format!("{with}; {} without", number::short(without)),
    })
}

/// Short as it can be; words in its place stay.
fn fingerprint(name: &str) -> String {
    if name.contains(' ') { name.to_owned() } else { middle(name, 10) }
}

/// A name as it is shown, as it is, and how many.
type Line = (String, String, u64);

/// The first lines, and what is left as one.
fn lines(counts: &[Count], shown: fn(&str) -> String) -> Vec<Line> {
    let keep = if counts.len() > LINES { LINES - 1 } else { LINES };
    let line = |count: &Count| (shown(&count.name), count.name.clone(), count.count);
    let mut lines: Vec<Line> = counts.iter().take(keep).map(line).collect();
    let rest = counts.get(keep..).unwrap_or_default();
    if !rest.is_empty() {
        let names = rest.iter().map(|count| count.name.as_str()).collect::<Vec<_>>().join(", ");
        let kinds: u64 = rest.iter().map(kinds).sum();
        lines.push((format!("{} more", number::short(kinds)), names, rest.iter().map(|count| count.count).sum()));
    }
    lines
}

/// The last line of a long count stands for `31 others`.
fn kinds(count: &Count) -> u64 {
    count.name.strip_suffix(" others").and_then(|many| many.replace(',', "").parse().ok()).unwrap_or(1)
}

/// `3`, or `orders / 3` where there are several destinations.
fn places(shares: &[PartitionShare]) -> Vec<Count> {
    let one =
        shares.windows(2).all(|pair| pair[0].destination == pair[1].destination && pair[0].source == pair[1].source);
    let name = |share: &PartitionShare| match one {
        true => share.partition.to_string(),
        false => format!("{} / {}", share.destination, share.partition),
    };
    shares.iter().map(|share| Count { name: name(share), count: share.items }).collect()
}

#[component]
fn Spread(name: &'static str, lines: Vec<Line>, said: Option<String>) -> impl IntoView {
    let most = lines.iter().map(|(_, _, count)| *count).max().unwrap_or(1).max(1);
    let line = |(shown, title, count): Line| {
        let width = format!("{:.1}%", count as f64 * 100.0 / most as f64);
        view! { <div><span class="cut" title=title>{shown}</span><span class="num">{number::exact(count)}</span><i aria-hidden="true"><b style:width=width></b></i></div> }
    };
    view! { <div class="dist"><h4>{name}</h4>{said.map(|said| view! { <p>{said}</p> })}{lines.into_iter().map(line).collect_view()}</div> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_spread_ends_with_its_rest() {
        let counts: Vec<Count> = (0..9).map(|n| Count { name: n.to_string(), count: 10 - n }).collect();
        let lines = lines(&counts, str::to_owned);
        assert_eq!(lines.len(), LINES);
        assert_eq!(lines[5], ("4 more".to_owned(), "5, 6, 7, 8".to_owned(), 14));
        assert_eq!(lines.iter().map(|(_, _, count)| count).sum::<u64>(), counts.iter().map(|it| it.count).sum::<u64>());
    }

    #[test]
    fn others_are_counted_as_what_they_are() {
        let mut counts: Vec<Count> = (0..7).map(|n| Count { name: n.to_string(), count: 2 }).collect();
        counts.push(Count { name: "1239 others".to_owned(), count: 1300 });
        assert_eq!(lines(&counts, str::to_owned)[5].0, "1,241 more");
    }

    #[test]
    fn keys_that_all_differ_are_told_in_a_line() {
        assert_eq!(one_each(true, 1259, 1259).as_deref(), Some("1,259 keys, one event each"));
        assert_eq!(one_each(true, 20, 25).as_deref(), Some("20 keys, one event each; 5 without"));
        assert_eq!(one_each(true, 0, 25).as_deref(), Some("No event has a key"));
        assert_eq!(one_each(true, 1, 1).as_deref(), Some("1 key, one event"));
        assert_eq!((one_each(false, 3, 25), one_each(true, 0, 0)), (None, None));
    }

    #[test]
    fn partitions_of_several_destinations_say_which() {
        let share = |destination: &str, partition| PartitionShare {
            source: "shop".to_owned(),
            destination: destination.to_owned(),
            partition,
            items: 1,
        };
        let names = |shares: &[PartitionShare]| places(shares).into_iter().map(|it| it.name).collect::<Vec<_>>();
        assert_eq!(names(&[share("orders", 0), share("orders", 1)]), ["0", "1"]);
        assert_eq!(names(&[share("orders", 0), share("payments", 0)]), ["orders / 0", "payments / 0"]);
    }
}
