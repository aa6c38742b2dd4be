//! tapline-upkeep
