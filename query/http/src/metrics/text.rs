//! Prometheus' text format.

use std::fmt::Write;

/// What a family's numbers mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// Takes families one after the other.
pub(crate) trait Sink {
    /// Whether any of these families is wanted: what they are made of may cost much.
    fn wants(&self, names: &[&str]) -> bool {
        let _ = names;
        true
    }

    /// Begins a family, whose samples follow; whether anybody wants them.
    fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> bool;

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64);
}

/// All families as text.
#[derive(Debug, Default)]
pub(crate) struct Text(String);

impl Text {
    pub(crate) fn finish(self) -> String {
        self.0
    }
}

impl Sink for Text {
    fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> bool {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // Writing to a string cannot fail; the same below.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        true
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(name);
        for (at, (label, text)) in labels.iter().enumerate() {
            self.0.push(if at == 0 { '{' } else { ',' });
            let _ = write!(self.0, "{label}=\"{}\"", escape(text));
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        // As the format has it: Rust writes `inf`.
        let _ = match value {
            f64::INFINITY => writeln!(self.0, " +Inf"),
            f64::NEG_INFINITY => writeln!(self.0, " -Inf"),
            value => writeln!(self.0, " {value}"),
        };
    }
}

/// Names of topics come from elsewhere: they must not end a label or a line.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_cannot_break_out() {
        let mut text = Text::default();
        text.family("x", Kind::Gauge, "A number.");
        text.sample("x", &[("a", "b\"} 1\ny 2\\"), ("c", "d")], 1.5);
        text.sample("x", &[], 3.0);
        let expected = "# HELP x A number.\n# TYPE x gauge\nx{a=\"b\\\"} 1\\ny 2\\\\\",c=\"d\"} 1.5\nx 3\n";
        assert_eq!(text.finish(), expected);
    }
}
