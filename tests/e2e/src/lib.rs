//! tapline-e2e
