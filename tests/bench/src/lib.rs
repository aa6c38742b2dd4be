//! tapline-bench
