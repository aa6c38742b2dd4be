//! Waiting for a condition instead of for a time.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Asks `ready` until it tells a value; at the deadline, an error that says what was waited for.
pub fn wait_for<T>(what: &str, timeout: Duration, mut ready: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(value) = ready()? {
            return Ok(value);
        }
        if Instant::now() >= deadline {
            bail!("{what} did not happen within {} s", timeout.as_secs());
        }
        thread::sleep(Duration::from_millis(20));
    }
}
