//! Exit codes and how a fault is told: 0 done, 1 found a problem, 2 wrong use, 3 could not reach something.

use std::process::ExitCode;

use crate::config::ConfigError;

/// The contract's exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Problem,
    WrongUse,
    Unreachable,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Problem => 1,
            Exit::WrongUse => 2,
            Exit::Unreachable => 3,
        })
    }
}

/// A fault that ends a command, with its exit code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The person's configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Words on the command line.
    #[error("{0}")]
    Usage(String),
    /// A server, broker or folder.
    #[error("{0}")]
    Unreachable(String),
    /// What was asked for could not be done.
    #[error("{0}")]
    Refused(String),
    /// Everything else, with its causes.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// Prints a fault with its causes, once.
pub(crate) fn report(fault: &Fault) -> Exit {
    eprint!("error: {fault}");
    let mut cause = std::error::Error::source(fault);
    while let Some(inner) = cause {
        eprint!(": {inner}");
        cause = inner.source();
    }
    eprintln!();
    match fault {
        Fault::Config(_) | Fault::Usage(_) => Exit::WrongUse,
        Fault::Unreachable(_) => Exit::Unreachable,
        Fault::Refused(_) | Fault::Other(_) => Exit::Problem,
    }
}
