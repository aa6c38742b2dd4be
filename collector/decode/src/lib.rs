//! tapline-decode
