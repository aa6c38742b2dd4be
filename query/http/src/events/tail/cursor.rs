//! Where a reader of the tail stands.

use tapline_archive::{Chunk, View};
use tapline_model::time;

use crate::problem::{Code, Refusal};

/// The last chunk that a reader got.
///
/// Within the process that sent it, the number of the chunk is exact; after a restart, or when the chunk has left
/// memory, the time at which it was archived tells where to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TailCursor {
    /// Which process: when it began, microseconds.
    epoch: i64,
    /// The number of the chunk; absent before the first.
    sequence: Option<u64>,
    /// Newest `archived_at` sent, microseconds.
    pub(super) archived_at: i64,
}

impl TailCursor {
    /// A reader that wants what comes after everything in memory.
    pub(crate) fn now(epoch: i64, view: &View) -> Self {
        Self { epoch, sequence: view.hot.last().map(|chunk| chunk.sequence), archived_at: time::now() }
    }

    /// After this chunk.
    pub(crate) fn after(self, epoch: i64, chunk: &Chunk) -> Self {
        Self { epoch, sequence: Some(chunk.sequence), archived_at: self.archived_at.max(chunk.archived_at) }
    }

    /// Whether this process sent it: only then do numbers of chunks mean anything.
    pub(super) fn is_of(self, epoch: i64) -> bool {
        self.epoch == epoch
    }

    /// The first chunk that comes after this, in the process that sent it. Without a chunk before it, any is.
    pub(super) fn next(self) -> u64 {
        self.sequence.map_or(0, |sequence| sequence.saturating_add(1))
    }

    /// Whether nothing was in memory when the reader came: then all that is in memory later comes after it.
    pub(super) fn is_first(self) -> bool {
        self.sequence.is_none()
    }

    /// Whether a chunk comes after this.
    pub(crate) fn is_before(self, epoch: i64, chunk: &Chunk) -> bool {
        !self.is_of(epoch) || self.next() <= chunk.sequence
    }

    /// As it stands in `id:`.
    pub(crate) fn encode(self) -> String {
        let sequence = self.sequence.map_or_else(|| "-".to_owned(), |sequence| sequence.to_string());
        format!("{}.{sequence}.{}", self.epoch, self.archived_at)
    }

    /// Reads what [`Self::encode`] wrote.
    pub(crate) fn decode(text: &str) -> Result<Self, Refusal> {
        let fault = || Refusal::new(Code::BadCursor, "use the last `id:` of the tail, or none to begin now");
        let mut parts = text.split('.');
        let (Some(epoch), Some(sequence), Some(archived_at), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(fault());
        };
        let sequence = match sequence {
            "-" => None,
            text => Some(text.parse().map_err(|_| fault())?),
        };
        let number = |text: &str| text.parse::<i64>().map_err(|_| fault());
        Ok(Self { epoch: number(epoch)?, sequence, archived_at: number(archived_at)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn written_cursors_are_read(epoch in any::<i64>(), sequence in any::<Option<u64>>(), archived_at in any::<i64>()) {
            let cursor = TailCursor { epoch, sequence, archived_at };
            prop_assert_eq!(TailCursor::decode(&cursor.encode()).unwrap(), cursor);
        }

        #[test]
        fn any_text_is_refused_or_read(text in "[-0-9.]{0,30}") {
            if let Err(refusal) = TailCursor::decode(&text) {
                prop_assert_eq!(refusal.code, Code::BadCursor);
            }
        }
    }
}
