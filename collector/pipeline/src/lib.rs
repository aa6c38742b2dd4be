//! tapline-pipeline
