//! The grammar of the filter line.
