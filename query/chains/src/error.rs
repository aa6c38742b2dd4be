//! Why there is no answer at all. What is missing from an answer is said in the answer.

use tapline_model::address::AddressError;
use tapline_model::columns::ColumnError;

/// A chain could not be told.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// Nothing was asked for.
    #[error("the id is empty; write a value such as ORD-84127190, or name=value")]
    Empty,
    /// Longer than any identifier that is indexed.
    #[error("the id has {0} bytes, identifiers have at most {max}", max = tapline_model::id::MAX_VALUE)]
    TooLong(usize),
    /// Four segments that are no address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// A bug of ours: rows were read without a column that is needed.
    #[error(transparent)]
    Column(#[from] ColumnError),
}

impl ChainError {
    /// The HTTP status for a caller that ran into it.
    pub fn status(&self) -> u16 {
        match self {
            Self::Empty | Self::TooLong(_) | Self::Address(_) => 400,
            Self::Column(_) => 500,
        }
    }
}
