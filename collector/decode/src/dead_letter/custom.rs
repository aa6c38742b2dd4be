//! Home-grown dead letters, by the configured header names.

use tapline_model::DeadLetterRow;

use super::Failed;
use crate::stack;

pub(super) fn row<'a>(record: &Failed<'a, '_>) -> DeadLetterRow<'a> {
    let mut row = record.common();
    // Some write the class, some the whole `toString()`.
    if let Some(cause) = row.exception.map(stack::cause) {
        row.message = row.message.or(cause.message);
        row.exception = Some(cause.class);
    }
    row
}
