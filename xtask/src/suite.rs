//! `cargo xtask test`: everything that must hold before a change lands, step by step, here and in CI. Owns which steps
//! there are and in what order; `build` compiles once for all of them, `tally` counts what the tests said.

mod build;
mod tally;

use std::{cell::OnceCell, process::ExitCode, time::Instant};

use anyhow::{Context, Result, bail};
use build::Built;
use clap::Args;
use tally::Tally;

use crate::{
    demo::minutes,
    page, process, tidy, toolchain,
    workspace::{PROFILE, SCOPE, WASM, Workspace},
};

/// Settings of `cargo xtask test`.
#[derive(Args)]
pub(crate) struct Options {
    /// Run only this step; may be given several times
    #[arg(long, value_name = "STEP", value_parser = names())]
    only: Vec<String>,
}

struct Step {
    name: &'static str,
    what: &'static str,
    run: fn(&Suite) -> Result<Tally>,
}

const STEPS: [Step; 11] = [
    Step { name: "tools", what: "what building and testing needs is there", run: Suite::tools },
    Step { name: "format", what: "rustfmt has nothing to change", run: Suite::format },
    Step { name: "tidy", what: "the rules of the house hold", run: Suite::tidy },
    Step { name: "clippy", what: "clippy has nothing to say", run: Suite::clippy },
    Step { name: "clippy-page", what: "nor about the page, for WebAssembly", run: Suite::clippy_page },
    Step { name: "fuzz", what: "the fuzz targets compile", run: Suite::fuzz },
    Step { name: "page", what: "the page is built and not too heavy", run: Suite::page },
    Step { name: "build", what: "binary and tests compile", run: Suite::build },
    Step { name: "unit", what: "tests of all crates, SQL files among them", run: Suite::unit },
    Step { name: "page-logic", what: "tests of the page, without a browser", run: Suite::page_logic },
    Step { name: "e2e", what: "end to end: real Kafka, real browser", run: Suite::e2e },
];

fn names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

/// Runs the steps, all of them even if some fail. The last line says how many tests passed and failed; a step that
/// fails without a failing test counts as one.
pub(crate) fn run(workspace: Workspace, options: &Options) -> Result<ExitCode> {
    let suite = Suite { workspace, built: OnceCell::new() };
    let started = Instant::now();
    let (mut total, mut failed) = (Tally::default(), Vec::new());
    for step in STEPS.iter().filter(|step| options.only.is_empty() || options.only.iter().any(|name| name == step.name))
    {
        println!("\n── {}: {}", step.name, step.what);
        let began = Instant::now();
        let tally = (step.run)(&suite).unwrap_or_else(|error| {
            println!("error: {error:#}");
            Tally { failed: 1, ..Tally::default() }
        });
        let verdict = if tally.failed == 0 { "ok" } else { "FAILED" };
        println!("── {}: {verdict} after {}", step.name, minutes(began.elapsed()));
        if tally.failed > 0 {
            failed.push(step.name);
        }
        total += tally;
    }
    println!("\n── all after {}", minutes(started.elapsed()));
    if total.ignored > 0 {
        println!("{} ignored", total.ignored);
    }
    if !failed.is_empty() {
        println!("failed steps: {}", failed.join(", "));
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Suite {
    workspace: Workspace,
    /// `None` when the build was tried and failed.
    built: OnceCell<Option<Built>>,
}

impl Suite {
    /// On a machine where we may, what is missing is installed; elsewhere it is named.
    fn tools(&self) -> Result<Tally> {
        let needs: Vec<_> = toolchain::BUILD.into_iter().chain(toolchain::TEST).collect();
        toolchain::require(&needs, toolchain::is_root())?;
        toolchain::components()?;
        toolchain::wasm(&self.workspace)?;
        Ok(Tally::default())
    }

    fn format(&self) -> Result<Tally> {
        self.cargo(&["fmt", "--all", "--", "--check"])
    }

    fn tidy(&self) -> Result<Tally> {
        let findings = tidy::findings(&self.workspace)?;
        for finding in &findings {
            println!("{finding}");
        }
        if findings.is_empty() { Ok(Tally::default()) } else { bail!("{} tidy findings", findings.len()) }
    }

    fn clippy(&self) -> Result<Tally> {
        let flags = ["--all-targets", "--profile", PROFILE, "--", "-D", "warnings"];
        self.cargo(&[&["clippy"], &SCOPE[..], &flags].concat())
    }

    fn clippy_page(&self) -> Result<Tally> {
        let compiler = toolchain::wasm(&self.workspace)?;
        let mut cargo = self.workspace.cargo();
        cargo.args(["clippy", "--package", "tapline-ui", "--target", WASM, "--profile", PROFILE]);
        cargo.env("CARGO_TARGET_DIR", self.workspace.page_target());
        compiler.apply(&mut cargo);
        process::run(cargo.args(["--", "-D", "warnings"]))?;
        Ok(Tally::default())
    }

    /// A workspace of their own, which nothing else builds.
    fn fuzz(&self) -> Result<Tally> {
        self.cargo(&["check", "--locked", "--manifest-path", "fuzz/Cargo.toml", "--profile", "dev"])
    }

    fn page(&self) -> Result<Tally> {
        page::build(&self.workspace, &page::Options::default())?;
        Ok(Tally::default())
    }

    fn build(&self) -> Result<Tally> {
        self.built()?;
        Ok(Tally::default())
    }

    fn unit(&self) -> Result<Tally> {
        let built = self.built()?;
        let mut total = Tally::default();
        for test in built.tests.iter().filter(|test| test.package != "tapline-e2e") {
            total += test.run(&self.workspace, &built.binary)?;
        }
        let mut examples = self.workspace.cargo();
        total += tally::of(examples.args(["test", "--doc", "--profile", PROFILE]).args(SCOPE))?;
        Ok(total)
    }

    fn page_logic(&self) -> Result<Tally> {
        tally::of(self.workspace.cargo().args([
            "test",
            "--package",
            "tapline-ui",
            "--profile",
            PROFILE,
            "--no-fail-fast",
        ]))
    }

    fn e2e(&self) -> Result<Tally> {
        let built = self.built()?;
        let tests: Vec<_> = built.tests.iter().filter(|test| test.package == "tapline-e2e").collect();
        if tests.is_empty() {
            bail!("there are no end-to-end tests");
        }
        let mut total = Tally::default();
        for test in tests {
            total += test.run(&self.workspace, &built.binary)?;
        }
        Ok(total)
    }

    /// Page, binary and tests, tried once in a run. The page comes first: the binary embeds it.
    fn built(&self) -> Result<&Built> {
        let mut reason = None;
        let built = self.built.get_or_init(|| self.try_build().map_err(|error| reason = Some(error)).ok());
        match (built, reason) {
            (Some(built), _) => Ok(built),
            (None, Some(reason)) => Err(reason),
            (None, None) => bail!("the build failed, see above"),
        }
    }

    fn try_build(&self) -> Result<Built> {
        page::build(&self.workspace, &page::Options::default()).context("the binary embeds the page")?;
        build::all(&self.workspace)
    }

    fn cargo(&self, arguments: &[&str]) -> Result<Tally> {
        process::run(self.workspace.cargo().args(arguments))?;
        Ok(Tally::default())
    }
}
