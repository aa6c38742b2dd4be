//! tapline-engine
