//! The answer above everything: one sentence with a number, and where it comes from.

use tapline_api::{Need, SourceState};

use super::facts::Facts;
use crate::words::{counted, duration, number_word, short};

/// Headline and detail.
pub(super) fn of(facts: &Facts, needs: &[Need]) -> (String, String) {
    (headline(facts, needs), detail(facts))
}

fn headline(facts: &Facts, needs: &[Need]) -> String {
    match needs {
        [] if facts.is_empty() => "Nothing is archived yet.".to_owned(),
        [] => "All is well: nothing needs a person.".to_owned(),
        [one] => format!("One thing needs a person. {}.", one.sentence),
        [worst, ..] => format!("{} things need a person. {}.", number_word(needs.len()), worst.sentence),
    }
}

fn detail(facts: &Facts) -> String {
    let configured: Vec<_> = facts.sources.iter().filter(|source| source.state != SourceState::Archived).collect();
    let up = configured.iter().filter(|source| source.state == SourceState::Up).count();
    let sources = match configured.len() {
        0 => "No source is configured.".to_owned(),
        all if all == up => {
            format!("{} up.", if all == 1 { "The source is".to_owned() } else { format!("All {all} sources are") })
        }
        all => format!("{up} of {all} sources are up."),
    };
    if facts.is_empty() {
        return sources;
    }
    let gaps = match facts.gaps.len() {
        0 => "no gaps".to_owned(),
        gaps => counted(gaps as u64, "gap"),
    };
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let events = short(facts.events.total() as f64);
    // Figures are of what can be read: a missing file must not pass for a quiet hour.
    let are = if facts.damaged.is_empty() { "are archived" } else { "can be read" };
    format!("{sources} {events} events {} {are}, {gaps}.", range(facts))
}

/// As a person says it: "of the last hour".
fn range(facts: &Facts) -> String {
    let range = duration(facts.axis.to().min(facts.now) - facts.from);
    let of = if facts.is_live() { "of the last" } else { "within" };
    match range.strip_prefix("1 ").filter(|_| facts.is_live()) {
        Some("min") => format!("{of} minute"),
        Some("h") => format!("{of} hour"),
        Some("d") => format!("{of} day"),
        _ => format!("{of} {range}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overview::facts::tests::{dead, died, facts};
    use crate::overview::needs;

    #[test]
    fn the_worst_comes_first() {
        let mut facts = facts();
        let mut burst = dead("orders-dlt", Some("orders"));
        died(&mut burst, 10, 1_259);
        facts.causes = vec![burst];
        facts.events.points[0] = 4_460_000;
        let (headline, detail) = of(&facts, &needs::all(&facts));
        assert_eq!(headline, "One thing needs a person. 1,259 orders wait in `orders-dlt`.");
        assert_eq!(detail, "The source is up. 4.46M events of the last hour are archived, no gaps.");
        facts.damaged = vec!["a: gone".into()];
        let (headline, detail) = of(&facts, &needs::all(&facts));
        assert_eq!(detail, "The source is up. 4.46M events of the last hour can be read, no gaps.");
        assert_eq!(headline, "Two things need a person. 1 data file cannot be read.");
    }

    #[test]
    fn nothing_wrong_and_nothing_there_differ() {
        let mut facts = facts();
        assert_eq!(of(&facts, &[]).0, "All is well: nothing needs a person.");
        facts.rows = 0;
        facts.sources[0].state = SourceState::Down;
        assert_eq!(of(&facts, &[]), ("Nothing is archived yet.".into(), "0 of 1 sources are up.".into()));
    }
}
