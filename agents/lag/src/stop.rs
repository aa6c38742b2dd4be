//! A thread that waits between two works, and ends when nobody holds it any more.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// Whether to end.
#[derive(Default)]
pub(crate) struct Stopped(Mutex<bool>, Condvar);

impl Stopped {
    /// Waits, and whether it is to end.
    pub(crate) fn waits(&self, wait: Duration) -> bool {
        let mut stopped = self.0.lock();
        if !*stopped && !wait.is_zero() {
            self.1.wait_for(&mut stopped, wait);
        }
        *stopped
    }
}

/// Dropping it asks its thread to end.
pub(crate) struct Stop(Arc<Stopped>);

impl Stop {
    pub(crate) fn spawn(name: String, work: impl FnOnce(&Stopped) + Send + 'static) -> std::io::Result<Self> {
        let stop = Arc::new(Stopped::default());
        let stopped = Arc::clone(&stop);
        std::thread::Builder::new().name(name).spawn(move || work(&stopped))?;
        Ok(Self(stop))
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        *self.0.0.lock() = true;
        self.0.1.notify_all();
    }
}
