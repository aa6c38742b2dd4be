//! tapline-http
