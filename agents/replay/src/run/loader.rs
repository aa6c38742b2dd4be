//! Reads the next stretch of items while the one before it is sent.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::ReplayError;
use crate::item::Items;
use crate::read::{Archives, Loaded, load, none_missing, stretch};

/// Rows that a killed process had not written yet are read from the broker once more: so long they are waited for.
const READ_AGAIN: Duration = Duration::from_secs(60);

/// Between two looks whether they have come.
const BREATH: Duration = Duration::from_millis(100);

/// Reads items. Those that stood in memory only when they were planned are waited for until then.
fn read(archives: &Archives, items: &Items, numbers: &[u32], until: Instant) -> Result<Vec<Loaded>, ReplayError> {
    let lost = |it: &Loaded| it.row.is_none() && items.items[it.number as usize].file == 0;
    loop {
        let view = archives.view();
        let loaded = none_missing(&view, load(&view, items, numbers)?)?;
        if Instant::now() >= until || !loaded.iter().any(lost) {
            return Ok(loaded);
        }
        thread::sleep(BREATH);
    }
}

/// Hands out items in the order of sending.
pub(super) struct Loader(Receiver<Result<Vec<Loaded>, ReplayError>>);

/// What a loader has.
pub(super) enum Stretch {
    /// The next items.
    Items(Vec<Loaded>),
    /// They are being read.
    Soon,
    /// There are no more.
    End,
}

impl Loader {
    pub(super) fn start(archives: Archives, items: Arc<Items>, planned: Vec<u32>) -> Self {
        let (send, receive) = sync_channel(1);
        thread::spawn(move || {
            let begun = Instant::now();
            let mut rest = planned.as_slice();
            while !rest.is_empty() {
                let (now, later) = rest.split_at(stretch(&items, rest));
                let loaded = read(&archives, &items, now, begun + READ_AGAIN);
                let failed = loaded.is_err();
                // Nobody waits any more, or nothing can be read.
                if send.send(loaded).is_err() || failed {
                    return;
                }
                rest = later;
            }
        });
        Self(receive)
    }

    /// Of these stretches.
    #[cfg(test)]
    pub(super) fn of(stretches: Vec<Vec<Loaded>>) -> Self {
        let (send, receive) = sync_channel(stretches.len());
        stretches.into_iter().for_each(|stretch| send.send(Ok(stretch)).unwrap());
        Self(receive)
    }

    /// What is there; waits a moment for it where nothing else is to be done.
    pub(super) fn next(&self, wait: Duration) -> Result<Stretch, ReplayError> {
        let received = if wait.is_zero() { self.0.try_recv() } else { self.0.recv_timeout(wait).map_err(into) };
        match received {
            Ok(loaded) => Ok(Stretch::Items(loaded?)),
            Err(TryRecvError::Empty) => Ok(Stretch::Soon),
            Err(TryRecvError::Disconnected) => Ok(Stretch::End),
        }
    }
}

fn into(error: std::sync::mpsc::RecvTimeoutError) -> TryRecvError {
    match error {
        std::sync::mpsc::RecvTimeoutError::Timeout => TryRecvError::Empty,
        std::sync::mpsc::RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::RecordBatch;
    use tapline_archive::Progress;
    use tapline_model::{EventBuilder, EventRow};

    use super::*;
    use crate::item::Stand;
    use crate::item::tests::items;
    use crate::read::tests::archives;

    /// Rows at the addresses of items.
    fn read_again(items: &Items) -> RecordBatch {
        let mut builder = EventBuilder::new();
        for item in &items.items {
            let Stand { source, destination, incarnation } = &items.stands[item.from as usize];
            builder.append(&EventRow {
                source,
                destination,
                incarnation: *incarnation,
                partition: Some(item.partition),
                offset: Some(item.offset),
                ..EventRow::default()
            });
        }
        builder.finish()
    }

    /// Killed and resumed at once, they were given up before the tap had read them again.
    #[tokio::test]
    async fn what_stood_in_memory_only_is_not_given_up_at_once() {
        let (_folder, archives) = archives().await;
        let items = Arc::new(items(2));
        let loader = Loader::start(archives.clone(), Arc::clone(&items), vec![0, 1]);
        assert!(matches!(loader.next(Duration::from_millis(500)).unwrap(), Stretch::Soon));
        archives.events.append([read_again(&items)], &Progress::default()).unwrap();
        let Stretch::Items(loaded) = loader.next(READ_AGAIN).unwrap() else { panic!("they do not come") };
        assert!(loaded.len() == 2 && loaded.iter().all(|loaded| loaded.row.is_some()));
    }

    #[tokio::test]
    async fn a_reader_that_panics_ends_without_having_handed_out_all() {
        let (_folder, archives) = archives().await;
        // There is no item of this number.
        let loader = Loader::start(archives, Arc::new(items(2)), vec![7]);
        assert!(matches!(loader.next(Duration::from_secs(60)).unwrap(), Stretch::End));
    }
}
