//! What must be on the machine before anything can be built or tested: named, and installed where that is wanted. Owns
//! programs and Debian packages; the way around a rustup that cannot download is `debian`.

mod debian;

use std::{
    env, fs,
    io::{self, IsTerminal, Write},
    os::unix::fs::MetadataExt,
    path::PathBuf,
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    process,
    workspace::{WASM, Workspace},
};

/// A program that must be there, how to see that it works, and the Debian packages that bring it.
pub(crate) struct Need {
    probe: &'static [&'static str],
    packages: &'static [&'static str],
}

/// What compiling takes: librdkafka is built by make with a C and a C++ compiler, OpenSSL by the full Perl.
pub(crate) const BUILD: [Need; 5] = [
    Need { probe: &["cc", "--version"], packages: &["build-essential"] },
    Need { probe: &["c++", "--version"], packages: &["build-essential"] },
    Need { probe: &["make", "--version"], packages: &["build-essential"] },
    Need { probe: &["perl", "-MFindBin", "-MIPC::Cmd", "-MTime::Piece", "-e", "1"], packages: &["perl"] },
    Need { probe: &["pkg-config", "--version"], packages: &["pkg-config"] },
];

/// What the end-to-end tests take: Java with its compiler, which Debian's JRE has, for programs that are run from their
/// source; jars by Maven, a browser, and Python for the second reader of the archive.
pub(crate) const TEST: [Need; 5] = [
    Need { probe: &["java", "--describe-module", "jdk.compiler"], packages: &["openjdk-17-jre-headless"] },
    Need { probe: &["mvn", "--version"], packages: &["maven"] },
    Need { probe: &["chromium", "--version"], packages: &["chromium"] },
    Need { probe: &["chromedriver", "--version"], packages: &["chromium-driver"] },
    Need { probe: &["python3", "-c", "import ensurepip"], packages: &["python3-venv"] },
];

impl Need {
    fn is_met(&self) -> bool {
        Command::new(self.probe[0]).args(&self.probe[1..]).output().is_ok_and(|output| output.status.success())
    }
}

/// Sees to it that every need is met. `install` allows changing the machine without a question.
pub(crate) fn require(needs: &[Need], install: bool) -> Result<()> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !need.is_met()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = packages(&missing);
    let by_hand = format!("apt-get install --yes --no-install-recommends {}", packages.join(" "));
    let programs = missing.iter().map(|need| need.probe[0]).collect::<Vec<_>>().join(", ");
    let Some(mut apt) = apt_get() else { bail!("missing here: {programs}; on Debian: {by_hand}") };
    if !install && !agreed(&programs, &by_hand)? {
        bail!("missing here: {programs}; install them with: {by_hand}");
    }
    // Stale lists only cost an attempt: the packages may be known already.
    if let Err(error) = process::run(apt().arg("update")) {
        eprintln!("note: {error:#}");
    }
    process::run(apt().args(["install", "--yes", "--no-install-recommends"]).args(&packages))?;
    match missing.iter().find(|need| !need.is_met()) {
        Some(need) => bail!("`{}` still fails after installing {}", need.probe.join(" "), need.packages.join(" ")),
        None => Ok(()),
    }
}

fn packages(missing: &[&Need]) -> Vec<&'static str> {
    let mut packages: Vec<&'static str> = missing.iter().flat_map(|need| need.packages).copied().collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// A maker of `apt-get` commands with the rights to install, if there is a way to get them.
fn apt_get() -> Option<impl FnMut() -> Command> {
    process::find("apt-get")?;
    let sudo = !is_root();
    if sudo {
        process::find("sudo")?;
    }
    Some(move || {
        let mut command = Command::new(if sudo { "sudo" } else { "apt-get" });
        if sudo {
            command.arg("apt-get");
        }
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    })
}

fn agreed(programs: &str, by_hand: &str) -> Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    eprint!("Missing here: {programs}. Run `{by_hand}` now? [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Whether we may install packages without asking for rights.
pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Whether a machine rather than a person waits for us.
pub(crate) fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// Sees to it that rustfmt and clippy are there: rustup's minimal profile leaves them out.
pub(crate) fn components() -> Result<()> {
    for component in ["fmt", "clippy"] {
        let probe = Command::new("cargo").args([component, "--version"]).output();
        if !probe.is_ok_and(|output| output.status.success()) {
            let name = if component == "fmt" { "rustfmt" } else { component };
            process::run(Command::new("rustup").args(["component", "add", name]))?;
        }
    }
    Ok(())
}

/// The compiler that makes WebAssembly.
pub(crate) enum WasmCompiler {
    /// The toolchain in use, with its own standard library for the target.
    Rustup,
    /// Debian's, unpacked into this folder.
    Debian(PathBuf),
}

impl WasmCompiler {
    /// Makes a cargo command use it.
    pub(crate) fn apply(&self, cargo: &mut Command) {
        if let Self::Debian(prefix) = self {
            debian::apply(prefix, cargo);
        }
    }
}

/// Sees to it that the page's target can be compiled.
pub(crate) fn wasm(workspace: &Workspace) -> Result<WasmCompiler> {
    if has_wasm_library()? {
        return Ok(WasmCompiler::Rustup);
    }
    let rustup = match process::find("rustup") {
        Some(rustup) => process::run(Command::new(rustup).current_dir(&workspace.root).args(["target", "add", WASM])),
        None => Err(anyhow::anyhow!("there is no rustup")),
    };
    let Err(error) = rustup else { return Ok(WasmCompiler::Rustup) };
    eprintln!("note: the compiler's {WASM} cannot be installed ({error:#}); taking Debian's compiler for it");
    let prefix = debian::unpack(&workspace.target.join("tools").join("rustc-web"))
        .with_context(|| format!("neither rustup nor Debian brings a compiler for {WASM}"))?;
    Ok(WasmCompiler::Debian(prefix))
}

fn has_wasm_library() -> Result<bool> {
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let sysroot = PathBuf::from(sysroot.trim());
    ensure!(sysroot.is_dir(), "rustc names a sysroot that is not there: {}", sysroot.display());
    Ok(sysroot.join("lib/rustlib").join(WASM).join("lib").is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISSING: Need = Need { probe: &["a-program-that-nobody-has"], packages: &["one", "two"] };
    const ALSO_MISSING: Need = Need { probe: &["another-program-that-nobody-has"], packages: &["two"] };

    #[test]
    fn a_program_that_fails_its_probe_is_missing() {
        assert!(Need { probe: &["sh", "-c", "exit 0"], packages: &[] }.is_met());
        assert!(!Need { probe: &["sh", "-c", "exit 1"], packages: &[] }.is_met());
        assert!(!MISSING.is_met());
    }

    #[test]
    fn a_package_that_brings_two_programs_is_named_once() {
        assert_eq!(packages(&[&MISSING, &ALSO_MISSING]), ["one", "two"]);
    }
}
