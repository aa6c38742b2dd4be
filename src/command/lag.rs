//! `tapline lag`: how far consumer groups are behind, from a server.

use clap::Args;
use tapline_api::{Drain, Group, GroupDetail, GroupList, GroupPartition, LagState, Level, span};

use super::table::{self, Cell, count, text};
use crate::client::{Client, encode};
use crate::config::Config;
use crate::exit::{Exit, Fault};

#[derive(Debug, Args)]
pub(crate) struct LagArgs {
    /// Only this group, with its partitions.
    group: Option<String>,
    /// Only of this source.
    #[arg(long)]
    source: Option<String>,
    /// A running server; the configured one otherwise.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

const GROUPS: [&str; 9] =
    ["group", "state", "lag", "seconds_behind", "drains_in", "retention_margin", "members", "lost", "source"];
const PARTITIONS: [&str; 11] = [
    "destination",
    "partition",
    "state",
    "lag",
    "seconds_behind",
    "committed",
    "end",
    "drains_in",
    "retention_margin",
    "lost",
    "member",
];

pub(crate) fn run(args: &LagArgs, config: &Config, json: bool) -> Result<Exit, Fault> {
    let client = Client::new(args.server.as_deref(), config)?;
    let query: Vec<(&str, &str)> = args.source.as_deref().map(|source| ("source", source)).into_iter().collect();
    let mut list: GroupList = client.get("groups", &query)?;
    if let Some(name) = &args.group {
        list.groups.retain(|group| group.name == *name);
        return match list.groups.as_slice() {
            [group] => one(&client.get(&path(group), &[])?, json),
            [] => Err(Fault::Refused(format!("no group `{name}` was seen; `tapline lag` lists those that were"))),
            _ => Err(Fault::Usage(format!("several sources have a group `{name}`; name one by --source"))),
        };
    }
    if json {
        table::json(&list)?;
    } else {
        let problems = list.problems.iter().map(|problem| Some(problem.sentence.as_str()));
        let sentences: Vec<_> =
            [Some(list.sentence.as_str()), list.detail.as_deref()].into_iter().chain(problems).collect();
        table::print(&sentences, &GROUPS, list.groups.iter().map(group).collect())?;
    }
    Ok(match &list.asked_at {
        None if !list.problems.is_empty() => Exit::Unreachable,
        _ if list.problems.iter().any(|problem| problem.level >= Level::Warn) => Exit::Problem,
        _ if list.groups.iter().any(|group| outcome(group.state) == Exit::Problem) => Exit::Problem,
        _ => Exit::Done,
    })
}

fn one(detail: &GroupDetail, json: bool) -> Result<Exit, Fault> {
    if json {
        table::json(detail)?;
    } else {
        let findings = detail.findings.iter().map(|finding| Some(finding.sentence.as_str()));
        let sentences: Vec<_> = std::iter::once(Some(detail.group.sentence.as_str())).chain(findings).collect();
        table::print(&sentences, &PARTITIONS, detail.partitions.iter().map(|it| partition(detail, it)).collect())?;
    }
    Ok(outcome(detail.group.state))
}

/// Scripts are told by the exit code.
fn outcome(state: LagState) -> Exit {
    if state.level() >= Level::Warn { Exit::Problem } else { Exit::Done }
}

fn path(group: &Group) -> String {
    format!("groups/{}/{}", encode(&group.source), encode(&group.name))
}

fn group(group: &Group) -> Vec<Cell> {
    vec![
        text(&group.name),
        text(group.state.as_str()),
        group.lag.map_or(Cell::Null, count),
        seconds(group.behind.as_ref().map(|behind| behind.seconds)),
        text(&drains(&group.drain)),
        text(&group.retention_margin.map(span).unwrap_or_default()),
        group.members.map_or(Cell::Null, |members| count(members as u64)),
        count(group.lost),
        text(&group.source),
    ]
}

fn partition(of: &GroupDetail, partition: &GroupPartition) -> Vec<Cell> {
    vec![
        text(&partition.destination),
        Cell::from(partition.partition),
        text(partition.state.as_str()),
        partition.lag.map_or(Cell::Null, count),
        seconds(partition.behind.as_ref().map(|behind| behind.seconds)),
        partition.committed.map_or(Cell::Null, Cell::from),
        partition.end.map_or(Cell::Null, Cell::from),
        text(&drains(&partition.drain)),
        text(&partition.retention_margin.map(span).unwrap_or_default()),
        count(partition.lost),
        text(of.owner(partition).map_or("", |member| &member.client)),
    ]
}

/// With milliseconds.
fn seconds(seconds: Option<f64>) -> Cell {
    seconds.map_or(Cell::Null, |seconds| Cell::from((seconds * 1000.0).round() / 1000.0))
}

fn drains(drain: &Drain) -> String {
    match drain {
        Drain::Done => "0 s".to_owned(),
        Drain::In { seconds, .. } => span(*seconds),
        Drain::Never => "never".to_owned(),
        Drain::Unknown => String::new(),
    }
}
