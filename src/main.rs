//! The `tapline` binary.
fn main() {}
