//! Where a reader of the tail stands.

use tapline_archive::Chunk;
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
    /// A reader that wants what comes from now on.
    pub(crate) fn now(epoch: i64) -> Self {
        Self { epoch, sequence: None, archived_at: time::now() }
    }

    /// After this chunk.
    pub(crate) fn after(self, epoch: i64, chunk: &Chunk) -> Self {
        Self { epoch, sequence: Some(chunk.sequence), archived_at: self.archived_at.max(chunk.archived_at) }
    }

    /// The number of the last chunk, if this process sent it.
    pub(super) fn sequence(self, epoch: i64) -> Option<u64> {
        self.sequence.filter(|_| self.epoch == epoch)
    }

    /// Whether a chunk comes after this.
    pub(crate) fn is_before(self, epoch: i64, chunk: &Chunk) -> bool {
        self.sequence(epoch).is_none_or(|sequence| sequence < chunk.sequence)
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
