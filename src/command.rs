//! One module a command; each ends with an exit code.

mod chain;
mod check;
mod demo;
pub(crate) mod dlq;
pub(crate) mod lag;
pub(crate) mod replay;
mod serve;
mod sql;
mod table;
mod tail;

use crate::cli::{Cli, Command, DemoAction, DemoArgs, Target};
use crate::client::Client;
use crate::config::Config;
use crate::exit::{Exit, Fault};

/// Runs what was asked for.
pub(crate) fn run(cli: Cli) -> Result<Exit, Fault> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(anyhow::Error::from)?;
    if let Command::Demo(DemoArgs { action: Some(DemoAction::Fix { server }), .. }) = &cli.command {
        return demo::fix(server, cli.json);
    }
    if let Command::Demo(args) = &cli.command {
        return runtime.block_on(demo::run(args, cli.json));
    }
    let (config, settings) = Config::load(cli.config.as_deref())?;
    let reads = matches!(cli.command, Command::Sql(_) | Command::Chain(_) | Command::Tail(_));
    if reads || matches!(cli.command, Command::Lag(_) | Command::Dlq(_) | Command::Replay(_)) {
        // Ends quietly when `head` has seen enough. Not where librdkafka runs: TLS may write to a connection that is gone.
        sigpipe::reset();
    }
    match &cli.command {
        Command::Serve => runtime.block_on(serve::run(&config, settings, cli.json)),
        Command::Check => check::run(&config, &settings, cli.json, &runtime),
        Command::Sql(args) => sql::run(args, &config, cli.json, &runtime),
        Command::Chain(args) => chain::run(args, &config, cli.json, &runtime),
        Command::Tail(args) => tail::run(args, &config, cli.json),
        Command::Lag(args) => lag::run(args, &config, cli.json),
        Command::Dlq(args) => dlq::run(args, &config, cli.json),
        Command::Replay(args) => replay::run(args, &config, cli.json),
        Command::Demo(_) => Ok(Exit::Done),
    }
}

/// Who answers a question: a server, or the folder itself.
enum Answerer {
    Server(Client),
    Folder(std::path::PathBuf),
}

/// The server that was named, or answers at the configured address; else the archive folder.
fn answerer(target: &Target, config: &Config) -> Result<Answerer, Fault> {
    if let Some(folder) = &target.archive {
        return Ok(Answerer::Folder(folder.clone()));
    }
    let client = Client::new(target.server.as_deref(), config)?;
    if target.server.is_some() || client.answers() {
        return Ok(Answerer::Server(client));
    }
    Ok(Answerer::Folder(config.archive.clone().into()))
}
