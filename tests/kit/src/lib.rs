//! tapline-kit
