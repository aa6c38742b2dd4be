//! Samples of some families, for rules of alerts.

use std::collections::BTreeSet;

use tapline_alert::Take;

use super::text::{Kind, Sink};

/// Hands on the samples of the families that are wanted.
pub(crate) struct Selected<'a> {
    pub(crate) names: &'a BTreeSet<&'a str>,
    pub(crate) take: Take<'a>,
}

impl Sink for Selected<'_> {
    fn wants(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.names.contains(name))
    }

    fn family(&mut self, name: &'static str, _: Kind, _: &str) -> bool {
        self.names.contains(name)
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        if self.names.contains(name) {
            (self.take)(name, labels, value);
        }
    }
}
