//! Who wrote what, as far as it is known: copies on retry topics and among dead letters were written by who gave up, not
//! by whom their headers name.

use tapline_api::Member;

use super::story::{Link, Story};

/// Who wrote each member. A copy on a retry topic or among the dead letters carries the headers of who wrote its
/// original; it was written by the group that gave it up, and nobody knows by whom as long as no dead letter says so.
pub(crate) fn writers(story: &Story) -> Vec<Option<String>> {
    let members = story.members();
    let copy = |member: &Member| member.retry.is_some() || member.dead_letter.is_some();
    let mut writers: Vec<Option<String>> =
        members.iter().map(|member| member.service.clone().filter(|_| !copy(member))).collect();
    for (index, member) in members.iter().enumerate() {
        let Some(group) = member.dead_letter.as_ref().and_then(|dead| dead.consumer_group.clone()) else { continue };
        writers[index] = Some(group.clone());
        let mut before = story.cause(index);
        while let Some(link) = before.filter(|link| members[link.from].retry.is_some() && writers[link.from].is_none())
        {
            writers[link.from] = Some(group.clone());
            before = story.cause(link.from);
        }
    }
    writers
}

/// The event that was tried: copies on retry topics are further attempts at the same one.
pub(crate) fn tried(story: &Story, writers: &[Option<String>], member: usize) -> Option<Link> {
    let mut link = story.cause(member)?;
    while story.members()[link.from].retry.is_some() && writers[link.from] == writers[member] {
        link = story.cause(link.from)?;
    }
    Some(link)
}

#[cfg(test)]
mod tests {
    use tapline_api::{ChainState, EdgeRule};

    use super::{
        super::{samples::*, steps::between},
        *,
    };

    const S: i64 = 1_000_000;

    #[test]
    fn attempts_on_retry_topics_are_one_step_of_who_gave_up() {
        let retry = |name: &str, second, attempt| Member {
            retry: Some(attempt),
            ..event(name, "orders-retry", second, Some("storefront"))
        };
        let members = vec![
            event("A", "orders", 1, Some("storefront")),
            retry("A1", 2, 1),
            retry("A2", 4, 2),
            Member { service: Some("storefront".into()), ..dead("A3", 9, "payments") },
            event("B", "orders", 10, Some("storefront")),
            retry("B1", 11, 1),
        ];
        let edges = [(0, 1), (1, 2), (2, 3), (4, 5)].map(|(from, to)| (from, to, EdgeRule::DeadLetter, 0.97));
        let between = between(&Story::new(chain(ChainState::Failed, members, &edges), 60 * S));
        let step = &between.steps[between.by[3].unwrap()];
        assert_eq!((step.service.as_str(), step.effects.as_slice()), ("payments", [1, 2, 3].as_slice()));
        assert_eq!((step.cause, step.failed, step.from, step.to), (Some(0), Some(Some(3)), S, 9 * S));
        assert_eq!((between.by[5], between.stays[4]), (None, None), "who tried again is not known");
    }
}
