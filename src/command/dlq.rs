//! `tapline dlq`: dead letters as causes, and what people say about them, from a server.

mod args;
mod show;

use tapline_api::{Apart, CauseDetail, CauseList, CauseState, MemberPage, Regroup, SetCause};

pub(crate) use args::DlqArgs;

use super::table::{self, harmless_lines};
use crate::client::{Client, encode};
use crate::config::Config;
use crate::exit::{Exit, Fault};
use args::{DlqAction, ListArgs};

/// Dead letters that `show` lists.
const NEWEST: usize = 10;

pub(crate) fn run(args: &DlqArgs, config: &Config, json: bool) -> Result<Exit, Fault> {
    let asked = Asked { client: Client::new(args.server.as_deref(), config)?, who: args.who.clone(), json };
    match &args.action {
        None => asked.list(&ListArgs::default()),
        Some(DlqAction::List(list)) => asked.list(list),
        Some(DlqAction::Show { fingerprint }) => asked.show(fingerprint),
        Some(DlqAction::Members { fingerprint, limit }) => asked.members(fingerprint, *limit),
        Some(DlqAction::Set { fingerprint, state, note }) => asked.set(fingerprint, *state, note.clone()),
        Some(DlqAction::Split { fingerprint, by }) => asked.group(fingerprint, Some(by.clone()), None),
        Some(DlqAction::Merge { fingerprint, into }) => asked.group(fingerprint, None, Some(into.clone())),
        Some(DlqAction::Rejoin { fingerprint }) => asked.group(fingerprint, None, None),
    }
}

struct Asked {
    client: Client,
    who: Option<String>,
    json: bool,
}

impl Asked {
    fn list(&self, args: &ListArgs) -> Result<Exit, Fault> {
        let query = args.query();
        let mut first: Option<CauseList> = None;
        let (causes, next) =
            self.client.pages("dead-letters", &query, args.limit.unwrap_or(usize::MAX), 500, |page| {
                let mut page: CauseList = page;
                let (causes, next) = (std::mem::take(&mut page.causes), page.next.take());
                first.get_or_insert(page);
                (causes, next)
            })?;
        let Some(first) = first else { return Ok(Exit::Done) };
        self.print_list(CauseList { causes, next, ..first })
    }

    fn print_list(&self, list: CauseList) -> Result<Exit, Fault> {
        if self.json {
            return table::json(&list);
        }
        let rows = list.causes.iter().map(show::cause).collect();
        table::print(&[Some(list.sentence.as_str()), list.detail.as_deref()], &show::CAUSES, rows)
    }

    fn show(&self, fingerprint: &str) -> Result<Exit, Fault> {
        let path = path(fingerprint);
        let detail: CauseDetail = self.client.get(&path, &[])?;
        let apart: Apart = self.client.get(&format!("{path}/apart"), &[])?;
        let limit = NEWEST.to_string();
        let newest: MemberPage = self.client.get(&format!("{path}/members"), &[("limit", &limit)])?;
        if self.json {
            return table::json(&serde_json::json!({ "cause": detail, "apart": apart, "newest": newest.members }));
        }
        println!("{}", harmless_lines(&show::story(&detail, &apart, &newest.members)));
        Ok(Exit::Done)
    }

    fn members(&self, fingerprint: &str, limit: usize) -> Result<Exit, Fault> {
        let path = format!("{}/members", path(fingerprint));
        let (members, next) =
            self.client.pages(&path, &[], limit, 1_000, |page: MemberPage| (page.members, page.next))?;
        if self.json {
            return table::json(&MemberPage { members, next });
        }
        table::print(&[], &show::MEMBERS, members.iter().map(show::member).collect())
    }

    fn set(&self, fingerprint: &str, state: CauseState, note: Option<String>) -> Result<Exit, Fault> {
        let said = SetCause { state, note, who: self.who.clone() };
        let detail: CauseDetail = self.client.post(&format!("{}/state", path(fingerprint)), &said)?;
        if self.json {
            return table::json(&detail);
        }
        println!("{} is {}", harmless_lines(&detail.cause.fingerprint), detail.cause.state.as_str());
        Ok(Exit::Done)
    }

    fn group(&self, fingerprint: &str, split_by: Option<String>, merge_into: Option<String>) -> Result<Exit, Fault> {
        let regroup = Regroup { split_by, merge_into, who: self.who.clone() };
        self.print_list(self.client.post(&format!("{}/group", path(fingerprint)), &regroup)?)
    }
}

fn path(fingerprint: &str) -> String {
    format!("dead-letters/{}", encode(fingerprint))
}
