//! tapline-chains
