//! tapline-index
