//! `tapline replay`: events put back, planned, started and watched, by a server.

mod args;
mod request;
pub(super) mod show;
mod watch;

use tapline_api::{
    AuditPage, ChangePreview, Delivery, Outcome, ReplayAct, ReplayDetail, ReplayItemPage, ReplayList, TryChange,
};

pub(crate) use args::ReplayArgs;

use super::table::{self, harmless_lines};
use crate::client::{Client, encode};
use crate::config::Config;
use crate::exit::{Exit, Fault};
use args::{ItemsArgs, PreviewArgs, ReplayAction, StartArgs};

pub(crate) fn run(args: &ReplayArgs, config: &Config, json: bool) -> Result<Exit, Fault> {
    let asked = Asked { client: Client::new(args.server.as_deref(), config)?, who: args.who.clone(), json };
    match &args.action {
        ReplayAction::Plan(plan) => asked.plan(plan),
        ReplayAction::Preview(preview) => asked.preview(preview),
        ReplayAction::Start(start) => asked.start(start),
        ReplayAction::Pause(act) => asked.act(&act.id, "pause", None, act.reason.clone()),
        ReplayAction::Resume(act) => asked.act(&act.id, "resume", None, act.reason.clone()),
        ReplayAction::Cancel(act) => asked.act(&act.id, "cancel", None, act.reason.clone()),
        ReplayAction::Confirm(args) => asked.act(&args.act.id, "confirm", args.etag.clone(), args.act.reason.clone()),
        ReplayAction::Discard { id } => asked.discard(id),
        ReplayAction::List { limit } => asked.list(*limit),
        ReplayAction::Show { id } => asked.show(id),
        ReplayAction::Items(items) => asked.items(items),
        ReplayAction::Watch { id } => watch::watch(&asked, id),
        ReplayAction::Audit { subject, limit } => asked.audit(subject.as_deref(), *limit),
    }
}

struct Asked {
    client: Client,
    who: Option<String>,
    json: bool,
}

impl Asked {
    fn plan(&self, args: &args::PlanArgs) -> Result<Exit, Fault> {
        let detail: ReplayDetail = self.client.post("replays", &request::plan(args, self.who.clone())?)?;
        let exit = if show::is_forbidden(&detail.plan) { Exit::Problem } else { Exit::Done };
        self.print(&detail, show::plan)?;
        Ok(exit)
    }

    fn preview(&self, args: &PreviewArgs) -> Result<Exit, Fault> {
        let change =
            TryChange { select: request::select(&args.select)?, transform: request::program(&args.transform)? };
        let previews: Vec<ChangePreview> = self.client.post("replays/preview", &change)?;
        self.print(&previews, |previews| previews.iter().map(show::preview).collect::<Vec<_>>().join("\n\n"))?;
        Ok(if previews.iter().any(|preview| preview.error.is_some()) { Exit::Problem } else { Exit::Done })
    }

    fn start(&self, args: &StartArgs) -> Result<Exit, Fault> {
        let act = ReplayAct {
            etag: Some(args.etag.clone()),
            environment: args.environment.clone(),
            who: self.who.clone(),
            reason: args.reason.clone(),
        };
        let started: ReplayDetail = self.client.post(&format!("{}/start", path(&args.id)), &act)?;
        if args.wait {
            return watch::watch(self, &args.id);
        }
        self.print(&started, |detail| show::progress(&detail.replay))
    }

    fn act(&self, id: &str, word: &str, etag: Option<String>, reason: Option<String>) -> Result<Exit, Fault> {
        let act = ReplayAct { etag, who: self.who.clone(), reason, ..ReplayAct::default() };
        let detail: ReplayDetail = self.client.post(&format!("{}/{word}", path(id)), &act)?;
        self.print(&detail, |detail| show::progress(&detail.replay))
    }

    fn discard(&self, id: &str) -> Result<Exit, Fault> {
        let who: Vec<(&str, &str)> = self.who.iter().map(|who| ("who", who.as_str())).collect();
        self.client.delete(&path(id), &who)?;
        self.print(&serde_json::json!({ "discarded": id }), |_| format!("{id} is discarded"))
    }

    fn list(&self, limit: usize) -> Result<Exit, Fault> {
        let mut first: Option<ReplayList> = None;
        let (replays, next) = self.client.pages("replays", &[], limit, 1_000, |page| {
            let mut page: ReplayList = page;
            let (replays, next) = (std::mem::take(&mut page.replays), page.next.take());
            first.get_or_insert(page);
            (replays, next)
        })?;
        let Some(first) = first else { return Ok(Exit::Done) };
        if self.json {
            return table::json(&ReplayList { replays, next, ..first });
        }
        let sentences = [Some(first.sentence.as_str()), first.detail.as_deref()];
        table::print(&sentences, &show::REPLAYS, replays.iter().map(show::replay).collect())
    }

    fn show(&self, id: &str) -> Result<Exit, Fault> {
        let detail: ReplayDetail = self.client.get(&path(id), &[])?;
        self.print(&detail, |detail| {
            let history: Vec<String> = detail.history.iter().map(show::audit_line).collect();
            format!("{}\n\nhistory:\n{}", show::plan(detail), history.join("\n"))
        })
    }

    fn items(&self, args: &ItemsArgs) -> Result<Exit, Fault> {
        let words = [("delivery", args.delivery.map(Delivery::as_str)), ("outcome", args.outcome.map(Outcome::as_str))];
        let query: Vec<(&str, &str)> = words.into_iter().filter_map(|(name, word)| Some((name, word?))).collect();
        let (mut count, path) = (0, format!("{}/items", path(&args.id)));
        let (items, next) = self.client.pages(&path, &query, args.limit, 1_000, |page: ReplayItemPage| {
            count = page.count;
            (page.items, page.next)
        })?;
        if next.is_some() {
            eprintln!("cut after {} of {count} items; ask for more by --limit", items.len());
        }
        if self.json {
            return table::json(&ReplayItemPage { items, count, next });
        }
        table::print(&[], &show::ITEMS, items.iter().map(show::item).collect())
    }

    fn audit(&self, subject: Option<&str>, limit: usize) -> Result<Exit, Fault> {
        let query: Vec<(&str, &str)> = subject.iter().map(|subject| ("subject", *subject)).collect();
        let (entries, next) =
            self.client.pages("audit", &query, limit, 1_000, |page: AuditPage| (page.entries, page.next))?;
        if self.json {
            return table::json(&AuditPage { entries, next });
        }
        table::print(&[], &show::AUDIT, entries.iter().map(show::audit).collect())
    }

    fn print<T: serde::Serialize>(&self, answer: &T, text: impl FnOnce(&T) -> String) -> Result<Exit, Fault> {
        if self.json {
            return table::json(answer);
        }
        println!("{}", harmless_lines(&text(answer)));
        Ok(Exit::Done)
    }
}

fn path(id: &str) -> String {
    format!("replays/{}", encode(id))
}
