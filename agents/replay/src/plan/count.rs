//! Items counted by what they have in common.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use tapline_api::{Count, PartitionShare, ReplayPlan};

use crate::item::{Item, Items};

/// Lines of a count.
const LINES: usize = 20;

/// Ages, in microseconds, and how they are called.
const AGES: [(i64, &str); 8] = [
    (900_000_000, "under 15 min"),
    (3_600_000_000, "15 min to 1 h"),
    (21_600_000_000, "1 to 6 h"),
    (86_400_000_000, "6 to 24 h"),
    (259_200_000_000, "1 to 3 days"),
    (604_800_000_000, "3 to 7 days"),
    (2_592_000_000_000, "7 to 30 days"),
    (i64::MAX, "over 30 days"),
];

/// Fills a plan's counts. Keys are named by whoever can read them.
pub(crate) fn count(items: &Items, now: i64, plan: &mut ReplayPlan) {
    let all = &items.items;
    let word = |at: u32, none: &str| items.word(at).unwrap_or(none).to_owned();
    plan.by_cause = most(all, |item| item.cause, |at| word(at, "no dead letters"));
    plan.by_type = most(all, |item| item.kind, |at| word(at, "without a type"));
    plan.by_origin = most(all, |item| item.from, |at| items.stands[at as usize].destination.clone());
    plan.by_age = ages(all, now);
    plan.keys = all.iter().map(|item| item.key).filter(|key| *key != 0).collect::<HashSet<u64>>().len() as u64;
    plan.bytes = all.iter().map(|item| u64::from(item.size)).sum();
    plan.partitions = partitions(items);
}

/// The keys that most items have: hash, how many, and one item of each; none where no key has two. More keys than lines
/// leave one line for the others.
pub(crate) fn keys(items: &Items) -> Vec<(u64, u64, u32)> {
    let mut counts = HashMap::<u64, (u64, u32)>::new();
    for (number, item) in (0..).zip(&items.items) {
        counts.entry(item.key).or_insert((0, number)).0 += 1;
    }
    counts.remove(&0);
    let shown = if counts.len() > LINES { LINES - 1 } else { counts.len() };
    let mut counts: Vec<(u64, u64, u32)> = counts.into_iter().map(|(key, (count, item))| (key, count, item)).collect();
    counts.sort_unstable_by_key(|(key, count, item)| (std::cmp::Reverse(*count), *item, *key));
    counts.truncate(if counts.first().is_some_and(|(_, most, _)| *most > 1) { shown } else { 0 });
    counts
}

/// What a plan says of keys that it names: their counts, and how many have another.
pub(crate) fn by_key(items: &Items, named: Vec<Count>, keys: u64) -> Vec<Count> {
    let keyed = items.items.iter().filter(|item| item.key != 0).count() as u64;
    let others = keys.saturating_sub(named.len() as u64);
    let rest = keyed.saturating_sub(named.iter().map(|line| line.count).sum());
    let last = (!named.is_empty() && others > 0).then(|| Count { name: format!("{others} others"), count: rest });
    named.into_iter().chain(last).collect()
}

fn most<T: Eq + Hash + Copy>(items: &[Item], of: impl Fn(&Item) -> T, name: impl Fn(T) -> String) -> Vec<Count> {
    let mut counts = HashMap::<T, u64>::new();
    items.iter().for_each(|item| *counts.entry(of(item)).or_default() += 1);
    let mut lines: Vec<Count> = counts.into_iter().map(|(at, count)| Count { name: name(at), count }).collect();
    lines.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    if lines.len() > LINES {
        let others = lines.split_off(LINES - 1);
        let count = others.iter().map(|line| line.count).sum();
        lines.push(Count { name: format!("{} others", others.len()), count });
    }
    lines
}

fn ages(items: &[Item], now: i64) -> Vec<Count> {
    let mut counts = [0; AGES.len()];
    for item in items.iter().filter(|item| item.timestamp != i64::MIN) {
        let age = now.saturating_sub(item.timestamp);
        let at = AGES.iter().position(|(most, _)| age < *most).unwrap_or(AGES.len() - 1);
        counts[at] += 1;
    }
    let lines = AGES.iter().zip(counts).filter(|(_, count)| *count > 0);
    lines.map(|((_, name), count)| Count { name: (*name).to_owned(), count }).collect()
}

fn partitions(items: &Items) -> Vec<PartitionShare> {
    let mut counts = HashMap::<(u32, i32), u64>::new();
    items.items.iter().for_each(|item| *counts.entry((item.to, item.to_partition)).or_default() += 1);
    let share = |((to, partition), items_there): ((u32, i32), u64)| PartitionShare {
        source: items.stands[to as usize].source.clone(),
        destination: items.stands[to as usize].destination.clone(),
        partition,
        items: items_there,
    };
    let mut shares: Vec<PartitionShare> = counts.into_iter().map(share).collect();
    shares.sort_by(|a, b| (&a.source, &a.destination, a.partition).cmp(&(&b.source, &b.destination, b.partition)));
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::tests::items;

    #[test]
    fn items_are_counted_by_what_they_have_in_common() {
        let mut items = items(30);
        items.items[3].key = 7;
        items.items[4].key = 7;
        let mut plan = ReplayPlan::default();
        count(&items, 1_000_000_000, &mut plan);
        assert_eq!(
            plan.by_age,
            [
                Count { name: "under 15 min".to_owned(), count: 0 },
                Count { name: "15 min to 1 h".to_owned(), count: 30 }
            ][1..]
        );
        assert_eq!((plan.bytes, plan.by_origin[0].count), (3_000, 30));
        assert_eq!(plan.partitions.len(), 1);
        assert_eq!(keys(&items)[0].1, 3);
    }

    /// The list ended after twenty and nobody could tell that there were more.
    #[test]
    fn keys_that_are_not_named_are_counted() {
        let mut items = items(60);
        for (number, item) in (0..).zip(&mut items.items) {
            item.key = 1 + number % 40;
        }
        let named: Vec<Count> =
            keys(&items).iter().map(|(key, count, _)| Count { name: key.to_string(), count: *count }).collect();
        let lines = by_key(&items, named, 40);
        assert_eq!((lines.len(), lines[0].count), (LINES, 2));
        assert_eq!(lines[LINES - 1], Count { name: "21 others".to_owned(), count: 22 });
        items.items.truncate(40);
        assert_eq!(keys(&items), [], "each has one");
    }

    #[test]
    fn many_kinds_end_in_others() {
        let items = items(50);
        let lines = most(&items.items, |item| item.offset, |offset| offset.to_string());
        assert_eq!((lines.len(), lines[LINES - 1].name.as_str(), lines[LINES - 1].count), (LINES, "31 others", 31));
    }
}
