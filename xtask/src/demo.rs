//! `cargo xtask demo`: from a fresh clone to a running Tapline with a shop on it. Owns the order of what a newcomer
//! needs; the demo itself is a command of the binary.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::Result;
use clap::Args;

use crate::{
    page, process, toolchain,
    workspace::{PROFILE, Workspace},
};

/// Settings of `cargo xtask demo`.
#[derive(Args)]
pub(crate) struct Options {
    /// Install missing Debian packages without asking
    #[arg(long)]
    install: bool,
    /// Build everything and start nothing
    #[arg(long)]
    build_only: bool,
    /// Arguments of `tapline demo`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds what is not built, says how long it took, and starts the demo.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let started = Instant::now();
    step(1, "build packages");
    toolchain::require(&toolchain::BUILD, options.install || toolchain::is_root() && toolchain::is_ci())?;
    step(2, "the page (2 to 3 minutes the first time)");
    page::build(workspace, &page::Options::default())?;
    step(3, "the binary (about 20 minutes on two cores the first time)");
    process::run(workspace.cargo().args(["build", "--profile", PROFILE, "--package", "tapline"]))?;
    eprintln!("\n── built in {}", minutes(started.elapsed()));
    if options.build_only {
        return Ok(());
    }
    process::run(Command::new(workspace.binary()).arg("demo").args(&options.arguments))
}

fn step(number: u32, what: &str) {
    eprintln!("\n── {number} of 3: {what}");
}

/// A duration as people say it: `12.3 s`, `4 min 05 s`.
pub(crate) fn minutes(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        assert_eq!(minutes(Duration::from_millis(12_340)), "12.3 s");
        assert_eq!(minutes(Duration::from_secs(245)), "4 min 05 s");
    }
}
