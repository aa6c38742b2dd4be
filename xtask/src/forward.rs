//! Commands that build another tool of this workspace and hand their arguments on: benchmarks, the long form of the
//! crash test, fuzzing. What they do is owned by tests/bench, tests/e2e and fuzz/.

use std::process::Command;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::{
    process,
    workspace::{PROFILE, SCOPE, Workspace},
};

/// Arguments of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Bench {
    /// The benchmark and its arguments; without any, tapline-bench lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Bench {
    /// Builds `tapline` and `tapline-bench` for release and runs the latter, which finds the binary in `TAPLINE_BIN`.
    pub(crate) fn run(&self, workspace: &Workspace) -> Result<()> {
        process::run(workspace.cargo().args([
            "build",
            "--release",
            "--package",
            "tapline",
            "--package",
            "tapline-bench",
        ]))?;
        let release = workspace.target.join("release");
        let mut bench = Command::new(release.join("tapline-bench"));
        bench.args(&self.arguments).current_dir(&workspace.root).env("TAPLINE_BIN", release.join("tapline"));
        // As `tapline serve` does for itself: src/allocator.rs.
        bench.env("MIMALLOC_PURGE_DELAY", "60000");
        process::run(&mut bench)
    }
}

/// What is killed while it does what.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Killed {
    /// While it archives under load
    Archive,
    /// While it puts dead letters back
    Replay,
}

impl Killed {
    /// The test program, and its test.
    const fn test(self) -> (&'static str, &'static str) {
        match self {
            Self::Archive => ("archive_crash", "killed_at_random_under_load_every_address_is_archived_once"),
            Self::Replay => ("replay", "crash::killed_at_random_a_replay_sends_nothing_twice_and_forgets_nothing"),
        }
    }
}

/// Arguments of `cargo xtask crash`.
#[derive(Args)]
pub(crate) struct Crash {
    /// What it does when it is killed
    #[arg(value_enum, default_value_t = Killed::Archive)]
    what: Killed,
    /// How often Tapline is killed
    #[arg(long, default_value_t = 200)]
    kills: u32,
}

impl Crash {
    /// Runs the end-to-end crash test with `TAPLINE_CRASH_KILLS` kills.
    pub(crate) fn run(&self, workspace: &Workspace) -> Result<()> {
        let (program, name) = self.what.test();
        // Together, as for all tests: binaries alone have other features.
        let build = ["build", "--bins", "--test", program, "--profile", PROFILE];
        process::run(workspace.cargo().args(build).args(SCOPE))?;
        let mut test = workspace.cargo();
        test.args(["test", "--test", program, "--profile", PROFILE]).args(SCOPE);
        test.args(["--", "--exact", name, "--nocapture"]);
        test.env("TAPLINE_BIN", workspace.binary()).env("TAPLINE_CRASH_KILLS", self.kills.to_string());
        process::run(&mut test)
    }
}

/// Arguments of `cargo xtask fuzz`.
#[derive(Args)]
pub(crate) struct Fuzz {
    /// The target: a file of fuzz/fuzz_targets without its ending
    target: String,
    /// How long
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

impl Fuzz {
    /// Runs one target for a while.
    pub(crate) fn run(&self, workspace: &Workspace) -> Result<()> {
        if process::find("cargo-fuzz").is_none() {
            bail!(
                "fuzzing needs cargo-fuzz and a nightly toolchain: cargo install cargo-fuzz, rustup toolchain add nightly"
            );
        }
        let mut fuzz = Command::new("cargo");
        fuzz.current_dir(&workspace.root).args(["+nightly", "fuzz", "run", &self.target, "--"]);
        process::run(fuzz.arg(format!("-max_total_time={}", self.seconds)))
    }
}
