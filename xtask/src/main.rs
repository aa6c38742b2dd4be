//! One command for each thing a contributor or CI does. This module owns the command line; each command's work is the
//! module of its name, and everything that the product itself does lives in the other crates.

mod demo;
mod forward;
mod page;
mod process;
mod suite;
mod tidy;
mod toolchain;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, tests and shows Tapline")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build page and binary, then start Tapline with an embedded broker and a living shop
    Demo(demo::Options),
    /// Build the page into ui/dist
    Ui(page::Options),
    /// Install what the tests need and run everything
    Test(suite::Options),
    /// Check the rules that no compiler checks
    Tidy,
    /// Run a benchmark of tests/bench, built for release
    Bench(forward::Bench),
    /// Kill Tapline at random under load and count addresses: the long form of the end-to-end crash test
    Crash(forward::Crash),
    /// Run a fuzz target of fuzz/
    Fuzz(forward::Fuzz),
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    match &arguments.task {
        Task::Demo(options) => demo::run(&workspace, options)?,
        Task::Ui(options) => page::build(&workspace, options)?,
        Task::Test(options) => return suite::run(workspace, options),
        Task::Tidy => return tidy::run(&workspace),
        Task::Bench(options) => options.run(&workspace)?,
        Task::Crash(options) => options.run(&workspace)?,
        Task::Fuzz(options) => options.run(&workspace)?,
    }
    Ok(ExitCode::SUCCESS)
}
