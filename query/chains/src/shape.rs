//! Learnt shapes.

/// Shapes.
#[derive(Debug, Default)]
pub struct ShapeCache;
