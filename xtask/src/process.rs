//! Child processes: started in the open, and an error that names the command and how it ended.

use std::{
    env,
    ffi::OsStr,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

/// Runs the command with our own input and output, after printing it. Fails unless it exits with 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    eprintln!("$ {line}");
    let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
    ensure!(status.success(), "`{line}` ended with {status}");
    Ok(())
}

/// Runs the command and returns what it wrote to standard output. Standard error stays visible.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let line = line(command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` ended with {}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` wrote something that is not text"))
}

/// The command as a person would type it, without its environment.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(word).collect::<Vec<_>>().join(" ")
}

fn word(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.contains([' ', '"', '\'']) { format!("'{word}'") } else { word.into_owned() }
}

/// Where a program of this name stands on the `PATH`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let mut command = Command::new("cargo");
        command.args(["build", "--config", "a b"]);
        assert_eq!(line(&command), "cargo build --config 'a b'");
    }

    #[test]
    fn a_failing_command_is_named_with_its_exit() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err().to_string();
        assert!(error.starts_with("`sh -c 'exit 3'` ended with"), "{error}");
    }

    #[test]
    fn output_is_what_was_written() {
        assert_eq!(output(Command::new("echo").arg("here")).unwrap(), "here\n");
        assert!(find("sh").is_some());
        assert!(find("a-program-that-nobody-has").is_none());
    }
}
