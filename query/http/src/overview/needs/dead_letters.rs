//! Dead letters: one need a cause.

use tapline_api::{Level, Need};
use tapline_chains::closed;
use tapline_model::time;

use super::{action, spark};
use crate::href;
use crate::overview::facts::{Dead, Facts};
use crate::words::{counted, duration, name, short, thousands, waiting};

/// Causes told one by one.
const MOST: usize = 5;

/// A cause still grows if it was seen within this time, microseconds.
const RECENT: i64 = 300_000_000;

pub(super) fn needs(facts: &Facts) -> Vec<Need> {
    let waiting: Vec<&Dead> = facts.causes.iter().filter(|dead| dead.waiting > 0).collect();
    let mut needs: Vec<Need> = waiting.iter().take(MOST).map(|dead| need(facts, dead)).collect();
    let others = waiting.get(MOST..).unwrap_or_default();
    if !others.is_empty() {
        needs.push(rest(facts, others));
    }
    needs
}

fn need(facts: &Facts, dead: &Dead) -> Need {
    let sample = &dead.sample;
    let growing = is_growing(facts, dead);
    let (figure, note) = figures(facts, dead, growing);
    let (from, to) = (time::format(facts.from), time::format(facts.axis.to()));
    let mut list = vec![("destination", sample.destination.as_str()), ("dead_letter", "true")];
    // Parts of a cause that was split, or joined to another, have no field that tells them apart.
    let fingerprint = format!("dead_letter.fingerprint:{}", sample.fingerprint);
    list.extend((!dead.regrouped).then_some(("field", fingerprint.as_str())));
    list.extend([("from", from.as_str()), ("to", to.as_str())]);
    let actions = [("See why", href::cause(&dead.cause)), ("See dead letters", href::events(&list))];
    Need {
        level: if growing { Level::Bad } else { Level::Warn },
        mark: "dead_letter".to_owned(),
        sentence: format!("{} in {}", waiting(dead.waiting, sample.origin.as_deref()), name(&sample.destination)),
        detail: closed(&dead.failure().sentence()),
        figure: Some(figure),
        figure_note: note,
        spark: spark(&dead.activity.series.points),
        actions: actions.map(|(label, href)| action(label, href)).into(),
    }
}

/// Causes too many to be told one by one.
fn rest(facts: &Facts, others: &[&Dead]) -> Need {
    let count = others.iter().map(|dead| dead.waiting).sum();
    let growing = others.iter().any(|dead| is_growing(facts, dead));
    let (from, to) = (time::format(facts.from), time::format(facts.axis.to()));
    let list = href::events(&[("dead_letter", "true"), ("from", &from), ("to", &to)]);
    Need {
        level: if growing { Level::Bad } else { Level::Warn },
        mark: "dead_letter".to_owned(),
        sentence: format!("{} of {}", counted(count, "more dead letter"), counted(others.len() as u64, "other cause")),
        detail: "Each cause alone has fewer than those named.".to_owned(),
        figure: Some(thousands(count)),
        figure_note: None,
        spark: Vec::new(),
        actions: vec![action("See dead letters", list)],
    }
}

pub(in crate::overview) fn is_growing(facts: &Facts, dead: &Dead) -> bool {
    facts.is_live() && dead.activity.last.is_some_and(|last| facts.now - last < RECENT)
}

/// The rate while it lasted, and how long it lasted.
#[expect(clippy::cast_precision_loss, reason = "rates are shown with three digits")]
fn figures(facts: &Facts, dead: &Dead, growing: bool) -> (String, Option<String>) {
    let points = &dead.activity.series.points;
    let (Some(first), Some(last)) = (points.iter().position(|n| *n > 0), points.iter().rposition(|n| *n > 0)) else {
        return (thousands(dead.activity.total()), None);
    };
    let lasted = i64::try_from(last + 1 - first).unwrap_or(1).saturating_mul(facts.axis.step);
    let a_minute = short(dead.activity.total() as f64 * 60e6 / lasted as f64);
    if growing {
        return (format!("{a_minute}/min"), Some(format!("for {}", duration(lasted))));
    }
    let none = if facts.is_live() { "0/min now" } else { "0/min at the end" };
    (none.to_owned(), Some(format!("was {a_minute} for {}", duration(lasted))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overview::facts::tests::{MINUTE, dead, died, facts};

    /// They stood among what needs a person for as long as the range showed them.
    #[test]
    fn what_was_put_back_waits_no_more() {
        let mut facts = facts();
        let mut burst = dead("orders-dlt", Some("orders"));
        died(&mut burst, 10, 1_259);
        burst.waiting = 3;
        facts.causes = vec![burst];
        assert_eq!(needs(&facts)[0].sentence, "3 orders wait in `orders-dlt`");
        facts.causes[0].waiting = 0;
        assert_eq!(needs(&facts), []);
    }

    #[test]
    fn a_burst_that_is_over_waits() {
        let mut facts = facts();
        let mut burst = dead("orders-dlt", Some("orders"));
        died(&mut burst, 10, 1_259);
        burst.activity.last = Some(facts.from + 10 * MINUTE);
        facts.causes = vec![burst];
        let need = needs(&facts).remove(0);
        assert_eq!(need.sentence, "1,259 orders wait in `orders-dlt`");
        assert_eq!(need.detail, "`payments` could not read card type `CARTE_BANCAIRE`.");
        assert_eq!((need.level, need.figure.as_deref()), (Level::Warn, Some("0/min now")));
        assert_eq!(need.figure_note.as_deref(), Some("was 1.26k for 1 min"));
        assert_eq!(need.actions[0].href, "/dead-letters?cause=f1");
        assert!(
            need.actions[1]
                .href
                .starts_with("/events?destination=orders-dlt&dead_letter=true&field=dead_letter.fingerprint:f1&from=")
        );
    }

    #[test]
    fn a_burst_that_goes_on_is_worse() {
        let mut facts = facts();
        let mut burst = dead("q", None);
        died(&mut burst, 58, 19);
        died(&mut burst, 59, 19);
        burst.activity.last = Some(facts.now - MINUTE);
        facts.causes = vec![burst];
        let need = needs(&facts).remove(0);
        assert_eq!((need.level, need.sentence.as_str()), (Level::Bad, "38 events wait in `q`"));
        assert_eq!((need.figure.as_deref(), need.figure_note.as_deref()), (Some("19/min"), Some("for 2 min")));
    }

    #[test]
    fn of_many_causes_the_rest_is_summed() {
        let mut facts = facts();
        facts.causes = (0..MOST + 2).map(|_| dead("orders-dlt", Some("orders"))).collect();
        for dead in &mut facts.causes {
            died(dead, 0, 2);
        }
        let needs = needs(&facts);
        assert_eq!(needs.len(), MOST + 1);
        assert_eq!(needs[MOST].sentence, "4 more dead letters of 2 other causes");
    }

    #[test]
    fn nothing_dead_needs_nobody() {
        assert_eq!(needs(&facts()), []);
    }
}
