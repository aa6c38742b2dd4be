//! What is the matter with the dead letters, in a sentence.

use tapline_chains::closed;
use tapline_deadletter::Cause;

use super::Dead;
use super::view::{failure, is_growing};
use crate::words::{counted, number_word, thousands, waiting};

/// The sentence and what else there is to know; `open` causes, `matching` those that were asked
/// for, `all` those that ever were. What was put back does not wait.
pub(super) fn headline(dead: &Dead, open: &[&Cause], matching: usize, all: usize) -> (String, Option<String>) {
    let (now, waits) = (dead.now, |cause: &Cause| cause.count - dead.put_back(cause));
    let mut open: Vec<&Cause> = open.iter().copied().filter(|cause| waits(cause) > 0).collect();
    open.sort_by_cached_key(|cause| std::cmp::Reverse(waits(cause)));
    let Some((worst, others)) = open.split_first() else {
        return match (matching, all) {
            (_, 0) => ("No dead letters were seen.".to_owned(), None),
            (0, _) => ("No dead letters match.".to_owned(), None),
            _ => {
                ("No dead letters wait.".to_owned(), Some(format!("{} put back or resolved.", closed_causes(matching))))
            }
        };
    };
    let because = failure(worst).sentence();
    let wait = waiting(waits(worst), worst.sample.origin.as_deref());
    (closed(&format!("{wait}: {because}")), detail(worst, others, now))
}

fn detail(worst: &Cause, others: &[&Cause], now: i64) -> Option<String> {
    let growing = others.iter().filter(|cause| is_growing(cause, now)).count();
    let still = if is_growing(worst, now) { "More come in." } else { "No more come in." };
    let rest = match (others.len(), growing) {
        (0, _) => return Some(still.to_owned()),
        (1, 0) => "One other cause waits and does not grow.".to_owned(),
        (1, _) => "One other cause waits and grows.".to_owned(),
        (many, 0) => format!("{} other causes wait, none of them growing.", number_word(many)),
        (many, growing) => {
            format!("{} other causes wait, {} of them growing.", number_word(many), thousands(growing as u64))
        }
    };
    Some(format!("{still} {rest}"))
}

fn closed_causes(all: usize) -> String {
    match all {
        1 => "The one cause that there was is".to_owned(),
        _ => format!("All {} are", counted(all as u64, "cause")),
    }
}
