//! The `tapline` binary: command line, configuration and wiring. The one place where everything meets.

mod allocator;
mod cli;
mod client;
mod command;
mod config;
mod exit;
mod node;
mod output;
mod standing;
mod telemetry;

use clap::Parser;

/// Chunks and rewrites take hundreds of megabytes for seconds. The allocator of the C library keeps them: after a
/// backlog was read, a process that needs 200 MB stayed at 1.8 GB. This one gives them back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    let cli = cli::Cli::parse();
    if matches!(cli.command, cli::Command::Serve | cli::Command::Demo(_)) {
        allocator::keep_freed_memory();
    }
    // Both rustls providers end up linked; without a choice rustls would panic at the first connection.
    let chosen = rustls::crypto::ring::default_provider().install_default();
    if chosen.is_err() {
        eprintln!("a rustls provider was installed before ours");
    }
    match command::run(cli) {
        Ok(code) => code.into(),
        Err(error) => exit::report(&error).into(),
    }
}
