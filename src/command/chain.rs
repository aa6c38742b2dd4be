//! `tapline chain`: the story of an ID, to a server or to an archive folder.

use tapline_api::{Chain, ChainState, Member};
use tapline_archive::View;
use tapline_chains::ChainOptions;
use tapline_originals::Originals;
use tokio::runtime::Runtime;

use super::sql::{open, tell_damaged};
use super::{Answerer, answerer};
use crate::cli::ChainArgs;
use crate::config::Config;
use crate::exit::{Exit, Fault};
use crate::output::harmless;

pub(crate) fn run(args: &ChainArgs, config: &Config, json: bool, runtime: &Runtime) -> Result<Exit, Fault> {
    let chain = match answerer(&args.target, config)? {
        Answerer::Server(client) => client.chain(&args.id)?,
        Answerer::Folder(folder) => {
            let archive = runtime.block_on(open(&folder))?;
            let originals = runtime.block_on(Originals::read(&folder));
            let view = originals.map_or_else(|| archive.view(), |it| View::and(&archive.view(), it.view()));
            let (ledger, now) = (archive.ledger(), tapline_model::time::now());
            let chain = tapline_chains::chain(&view, &ledger, &args.id, now, &ChainOptions::default());
            tell_damaged(&archive);
            chain.map_err(|error| Fault::Refused(error.to_string()))?
        }
    };
    if json {
        println!("{}", serde_json::to_string(&chain).map_err(anyhow::Error::from)?);
    } else {
        print(&chain);
    }
    // Scripts ask "did this order fail?" by the exit code.
    let problem = chain.members.is_empty() || matches!(chain.state, ChainState::Failed | ChainState::Stuck);
    Ok(if problem { Exit::Problem } else { Exit::Done })
}

fn print(chain: &Chain) {
    println!("{}\n{}\n", plain(&chain.headline), plain(&chain.detail));
    for member in &chain.members {
        println!("{}", harmless(&line(member)));
    }
    let notes = chain.findings.iter().map(|finding| &finding.sentence);
    for sentence in notes.chain(chain.missing.iter().map(|missing| &missing.what)) {
        println!("- {}", plain(sentence));
    }
    for hub in &chain.hubs {
        println!("- {}={} is shared by {} events and was not followed", hub.id.name, harmless(&hub.id.value), hub.rows);
    }
}

fn line(member: &Member) -> String {
    let time = member.timestamp.as_deref().unwrap_or("without time");
    let failure = member.dead_letter.as_ref().map(|dead| {
        format!("  ✕ {} {}", dead.root_cause.as_deref().unwrap_or("dead letter"), dead.message.as_deref().unwrap_or(""))
    });
    let retry = member.retry.map(|attempt| format!("  attempt {attempt}"));
    let kind = member.event_type.as_deref().unwrap_or("-");
    let marks = failure.or(retry).unwrap_or_default();
    format!("{time}  {:<28} {:<24} {}{marks}", kind, member.destination, member.address)
}

/// Sentences mark names by backticks for the page.
fn plain(sentence: &str) -> String {
    harmless(&sentence.replace('`', ""))
}
