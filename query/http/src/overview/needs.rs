//! What needs a person, worst first. Each rule looks at one kind of trouble.

mod alerts;
mod archive;
mod dead_letters;
mod groups;
mod sources;

use tapline_api::{Action, Need};

use super::facts::Facts;

pub(super) use dead_letters::is_growing;

/// Sentences on one page; what is beyond is worse nowhere.
const MOST: usize = 12;

/// All rules.
pub(super) fn all(facts: &Facts) -> Vec<Need> {
    let mut needs = archive::needs(facts);
    needs.extend(sources::needs(facts));
    needs.extend(groups::needs(facts));
    needs.extend(dead_letters::needs(facts));
    needs.extend(alerts::needs(facts, &needs));
    // A stable sort: within a level the rules' own order stands.
    needs.sort_by_key(|need| std::cmp::Reverse(need.level));
    needs.truncate(MOST);
    needs
}

pub(super) fn action(label: &str, href: String) -> Action {
    Action { label: label.to_owned(), href }
}

/// Counts as a sparkline.
#[expect(clippy::cast_precision_loss, reason = "a line of 20 pixels")]
pub(super) fn spark(points: &[u64]) -> Vec<f64> {
    points.iter().map(|count| *count as f64).collect()
}
