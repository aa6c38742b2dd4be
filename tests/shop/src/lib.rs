//! tapline-shop
