//! tapline-kafka
