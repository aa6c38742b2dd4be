//! tapline-archive
