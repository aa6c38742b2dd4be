//! Boards as the API's answers.

use tapline_adapter::{GroupKind, GroupState};
use tapline_api::{Behind, Group, GroupDetail, GroupList, GroupMember, GroupPartition, LagState};
use tapline_model::time;

use crate::board::{Board, GroupStanding, Row};
use crate::clock::Written;
use crate::findings::findings;
use crate::forecast::Drain;
use crate::words;

/// Groups of these boards, worst first, that are in one of these states; all without any.
pub(crate) fn list(boards: &[std::sync::Arc<Board>], states: &[LagState]) -> GroupList {
    let all = boards.iter().flat_map(|board| board.groups.iter().map(|group| (board.source.as_str(), group)));
    let wanted = all.filter(|(_, group)| states.is_empty() || states.contains(&group.worst()));
    let mut ranked: Vec<(f64, &str, &GroupStanding)> =
        wanted.map(|(source, group)| (words::badness(group), source, group)).collect();
    ranked.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.2.name.cmp(&other.2.name)));
    let standings: Vec<&GroupStanding> = ranked.iter().map(|(_, _, group)| *group).collect();
    let problems: Vec<_> = boards.iter().flat_map(|board| board.problems.iter().cloned()).collect();
    let asked = boards.iter().map(|board| board.at).filter(|at| *at > 0).min();
    let now = time::now();
    let silent = boards.iter().filter_map(|board| Some((board.silent_for(now)?, &board.source))).max();
    let (sentence, detail) = match (asked, silent) {
        // What is not heard of any more does not keep up.
        (Some(_), Some((silent, source))) => {
            let before = words::headline(&standings, problems.len()).0;
            let silent = tapline_api::duration(silent);
            (format!("Nothing was heard of the groups of `{source}` for {silent}."), Some(format!("Before: {before}")))
        }
        (Some(_), None) => words::headline(&standings, problems.len()),
        (None, _) if boards.is_empty() => ("There is no source whose groups could be asked for.".to_owned(), None),
        (None, _) if problems.is_empty() => ("Consumer groups have not been looked at yet.".to_owned(), None),
        (None, _) => ("No broker has told its consumer groups yet.".to_owned(), None),
    };
    GroupList {
        sentence,
        detail,
        groups: ranked.into_iter().map(|(_, source, standing)| group(source, standing)).collect(),
        problems,
        asked_at: asked.map(time::format),
    }
}

/// One group with all that is known.
pub(crate) fn detail(source: &str, standing: &GroupStanding) -> GroupDetail {
    GroupDetail {
        group: group(source, standing),
        partitions: standing.rows.iter().map(|row| partition(standing, row)).collect(),
        members: standing
            .members
            .as_ref()
            .map(|members| members.iter().enumerate().map(|(at, member)| self::member(standing, at, member)).collect()),
        findings: findings(standing, source),
        history: None,
        asked_at: time::format(standing.at),
    }
}

/// One group in a line.
pub(crate) fn group(source: &str, standing: &GroupStanding) -> Group {
    let (written, read) = standing.rates();
    Group {
        source: source.to_owned(),
        name: standing.name.clone(),
        state: standing.worst(),
        sentence: words::sentence(standing),
        protocol: standing.kind.map(|kind| protocol(kind).to_owned()),
        broker_state: standing.state.map(|state| broker_state(state).to_owned()),
        destinations: standing.destinations(),
        partitions: standing.rows.len(),
        members: standing.members.as_ref().map(Vec::len),
        lag: count(standing.lag()),
        behind: standing.behind().map(|(seconds, exact)| Behind { seconds, exact }),
        written,
        read,
        drain: told(standing.drain),
        retention_margin: standing.retention_margin(),
        retention_known: standing.retention_known(),
        lost: standing.lost(),
        trend: standing.trend.clone(),
    }
}

fn partition(group: &GroupStanding, row: &Row) -> GroupPartition {
    let standing = row.standing;
    let why = match row.first_unread {
        Some(Written::Unknown(why)) => Some(why.sentence().to_owned()),
        _ => None,
    };
    GroupPartition {
        destination: row.place.0.to_string(),
        partition: row.place.1,
        state: standing.state,
        committed: standing.committed,
        committed_at: standing.since.map(time::format),
        start: row.ends.start,
        stable_end: row.ends.stable,
        end: row.ends.end,
        lag: count(standing.lag),
        stable_lag: count(standing.stable_lag.filter(|stable| Some(*stable) != standing.lag)),
        behind: row.behind(group.at).map(|(seconds, exact)| Behind { seconds, exact }),
        behind_why: why,
        written: row.written,
        read: row.read,
        drain: row.drain.map_or(tapline_api::Drain::Unknown, told),
        retention_margin: row.retention_margin,
        lost: u64::try_from(standing.lost).unwrap_or(0),
        member: row.member,
    }
}

fn member(group: &GroupStanding, at: usize, member: &tapline_adapter::GroupMember) -> GroupMember {
    let own = group.rows.iter().filter(|row| row.member == Some(at));
    GroupMember {
        id: member.id.clone(),
        client: member.client.clone(),
        host: member.host.trim_start_matches('/').to_owned(),
        partitions: member.partitions.len(),
        lag: count(own.filter_map(|row| row.standing.lag).reduce(i64::saturating_add)),
    }
}

fn told(drain: Drain) -> tapline_api::Drain {
    match drain {
        Drain::Empty => tapline_api::Drain::Done,
        Drain::In { seconds, earliest, latest } => tapline_api::Drain::In { seconds, earliest, latest },
        Drain::Never => tapline_api::Drain::Never,
        Drain::Unknown => tapline_api::Drain::Unknown,
    }
}

pub(crate) fn count(number: Option<i64>) -> Option<u64> {
    number.and_then(|number| u64::try_from(number).ok())
}

fn protocol(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::Classic => "classic",
        GroupKind::Consumer => "consumer",
    }
}

/// In the broker's words.
pub(crate) fn broker_state(state: GroupState) -> &'static str {
    match state {
        GroupState::PreparingRebalance => "preparing_rebalance",
        GroupState::CompletingRebalance => "completing_rebalance",
        GroupState::Stable => "stable",
        GroupState::Empty => "empty",
        GroupState::Dead => "dead",
    }
}
