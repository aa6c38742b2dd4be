//! tapline-api
