//! The dead letters of one cause, one by one.

use std::cmp::Reverse;
use std::sync::Arc;

use tapline_archive::{Hit, Place};

use crate::grouping::Grouping;
use crate::letters::Letters;

/// A dead letter of a cause. Ordered by time, then address: the same in every view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Broker time, microseconds; `i64::MIN` without one.
    pub timestamp: i64,
    /// Hash of its address.
    pub address: u64,
    /// Where it stands in the view that was asked.
    pub hit: Hit,
}

/// Members of a cause below `before` (time and address of the last one seen), newest first: the first `limit` of them.
pub fn members(
    places: &[(Place, Arc<Letters>)],
    grouping: &Grouping,
    cause: &str,
    before: Option<(i64, u64)>,
    limit: usize,
) -> Vec<Member> {
    let mut members: Vec<Member> = all(places, grouping, cause)
        .filter(|member| before.is_none_or(|before| (member.timestamp, member.address) < before))
        .collect();
    if members.len() > limit {
        members.select_nth_unstable_by_key(limit, |member| Reverse(*member));
        members.truncate(limit);
    }
    members.sort_unstable_by_key(|member| Reverse(*member));
    members
}

/// Every member of a cause, in no order.
pub(crate) fn all<'a>(
    places: &'a [(Place, Arc<Letters>)],
    grouping: &'a Grouping,
    cause: &'a str,
) -> impl Iterator<Item = Member> + 'a {
    places.iter().flat_map(move |(place, letters)| {
        // Whether a pair of sample and type belongs to it, asked once each.
        let kinds = letters.types.iter().map(Option::as_deref);
        let belongs: Vec<Vec<bool>> = kinds
            .map(|kind| letters.samples.iter().map(|sample| grouping.is_of(sample, kind, cause)).collect())
            .collect();
        let wanted = letters.letters.iter().filter(move |letter| belongs[letter.kind as usize][letter.sample as usize]);
        wanted.map(|letter| Member {
            timestamp: letter.timestamp,
            address: letter.address,
            hit: Hit { place: *place, row: letter.row },
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letters::{Letter, Sample};

    fn place(letters: &[(i64, u32)]) -> (Place, Arc<Letters>) {
        let sample = |name: &str| Sample { fingerprint: name.to_owned(), ..Sample::default() };
        let letter = |(row, (timestamp, sample)): (u32, &(i64, u32))| Letter {
            row,
            sample: *sample,
            kind: 0,
            timestamp: *timestamp,
            key: 0,
            story: 0,
            address: u64::from(row),
            origin: 0,
        };
        let letters = (0..).zip(letters).map(letter).collect();
        (
            Place::Hot(0),
            Arc::new(Letters {
                letters,
                samples: [sample("f1"), sample("f2")].map(Arc::new).to_vec(),
                types: vec![None],
                ..Letters::default()
            }),
        )
    }

    #[test]
    fn pages_follow_each_other_without_loss_or_repetition() {
        let places = [place(&[(5, 0), (9, 1), (7, 0), (7, 0), (i64::MIN, 0), (3, 0)])];
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = members(&places, &Grouping::default(), "f1", before, 2);
            let Some(last) = page.last() else { break };
            before = Some((last.timestamp, last.address));
            seen.extend(page.iter().map(|member| member.timestamp));
        }
        assert_eq!(seen, [7, 7, 5, 3, i64::MIN]);
    }
}
