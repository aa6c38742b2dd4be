//! Child processes that never outlive the tests, and ports for them.

use std::net::TcpListener;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::{io, thread};

use anyhow::{Context, Result};

type Request = (Command, Sender<io::Result<Child>>);

/// Starts `program` so that it is killed with this process, however this one ends.
///
/// The kernel binds that promise to the thread that starts the child, so one thread that never ends starts them all.
pub fn start(program: &str, with: impl FnOnce(&mut Command)) -> Result<Child> {
    static KEEPER: OnceLock<Sender<Request>> = OnceLock::new();
    let keeper = KEEPER.get_or_init(|| {
        let (requests, inbox) = channel::<Request>();
        thread::spawn(move || {
            for (mut command, answer) in inbox {
                // The one who asked waits, unless its thread panicked meanwhile.
                let _ = answer.send(command.spawn());
            }
        });
        requests
    });
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", program]);
    with(&mut command);
    let (answer, started) = channel();
    keeper.send((command, answer)).context("the thread that starts children ended")?;
    started.recv().context("the thread that starts children ended")?.with_context(|| format!("starting {program}"))
}

/// A port of the loopback address that was free a moment ago. Another process may take it first: callers try again.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
