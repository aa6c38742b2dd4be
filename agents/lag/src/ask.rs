//! One pass over a broker: its groups, what they have committed, where partitions begin and end.

use std::collections::{BTreeMap, BTreeSet};

use tapline_adapter::{AdapterError, Committed, GroupDetail, GroupFault, GroupList, Groups, PartitionEnds};
use tapline_model::time;

/// What a broker told.
pub(crate) struct Asked {
    /// When its groups' offsets were there, microseconds.
    pub(crate) at: i64,
    pub(crate) list: GroupList,
    /// In the order of the list.
    pub(crate) committed: Vec<Result<Committed, GroupFault>>,
    /// Members of groups that were asked for them, by name.
    pub(crate) details: BTreeMap<String, Result<GroupDetail, GroupFault>>,
    pub(crate) ends: BTreeMap<(String, i32), PartitionEnds>,
    /// Of how many partitions ends were asked for and not told.
    pub(crate) untold: usize,
}

/// What is known before a pass.
pub(crate) struct Known<'a> {
    /// Partitions that are read by the tap: of each destination all.
    pub(crate) tapped: &'a BTreeSet<(String, i32)>,
    /// Partitions that members were given lately.
    pub(crate) assigned: &'a BTreeSet<(String, i32)>,
    /// Whether this group's members are asked for.
    pub(crate) describe: &'a dyn Fn(&tapline_adapter::Group) -> bool,
}

/// Asks. Ends are asked for last: an offset that is committed meanwhile must not be beyond them.
pub(crate) fn ask(groups: &mut dyn Groups, known: &Known<'_>) -> Result<Asked, AdapterError> {
    let list = groups.list()?;
    let names: Vec<&str> = list.groups.iter().map(|group| group.name.as_str()).collect();
    let some: Vec<(String, i32)> = known.tapped.iter().cloned().collect();
    let committed = groups.committed(&names, (!list.listed).then_some(some.as_slice()));
    let at = time::now();
    let described: Vec<&str> =
        list.groups.iter().filter(|group| (known.describe)(group)).map(|group| group.name.as_str()).collect();
    let details = groups.describe(&described);
    let details: BTreeMap<_, _> = described.into_iter().map(str::to_owned).zip(details).collect();
    let places = places(&committed, &details, known);
    let ends = groups.ends(&places)?;
    let untold = places.len().saturating_sub(ends.len());
    Ok(Asked { at, list, committed, details, ends, untold })
}

/// Whatever a group has read, or would read, and the other partitions of that.
fn places(
    committed: &[Result<Committed, GroupFault>],
    details: &BTreeMap<String, Result<GroupDetail, GroupFault>>,
    known: &Known<'_>,
) -> Vec<(String, i32)> {
    let read = committed.iter().flatten().flat_map(BTreeMap::keys);
    let given =
        details.values().flatten().flat_map(|detail| &detail.members).flat_map(|member| member.partitions.iter());
    let topics: BTreeSet<&str> =
        committed.iter().flatten().flat_map(BTreeMap::keys).map(|(name, _)| name.as_str()).collect();
    let beside = known.tapped.iter().filter(|(name, _)| topics.contains(name.as_str()));
    let all: BTreeSet<&(String, i32)> = read.chain(given).chain(known.assigned).chain(beside).collect();
    all.into_iter().cloned().collect()
}
