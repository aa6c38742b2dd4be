//! What is counted while calls are answered.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::text::{Kind, Sink};

/// Upper bounds of the histograms' buckets, seconds.
const BOUNDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0, 60.0];

/// Counters of one server.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    requests: Mutex<BTreeMap<Call, Durations>>,
    queries: Mutex<BTreeMap<&'static str, Durations>>,
    tail_events: AtomicU64,
    tail_dropped: AtomicU64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Call {
    method: &'static str,
    /// A template, so that there are few.
    route: String,
    status: u16,
}

#[derive(Debug, Clone, Default)]
struct Durations {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

impl Durations {
    fn observe(&mut self, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64();
        for (bucket, bound) in self.buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(seconds <= bound);
        }
        self.count += 1;
        self.sum += seconds;
    }

    fn write(&self, text: &mut dyn Sink, name: &str, labels: &[(&str, &str)]) {
        let bucket = format!("{name}_bucket");
        let bounds = self.buckets.iter().zip(BOUNDS).map(|(count, bound)| (bound.to_string(), *count));
        for (bound, count) in bounds.chain([("+Inf".to_owned(), self.count)]) {
            let labels: Vec<(&str, &str)> = labels.iter().copied().chain([("le", bound.as_str())]).collect();
            text.sample(&bucket, &labels, super::bytes(count));
        }
        text.sample(&format!("{name}_sum"), labels, self.sum);
        text.sample(&format!("{name}_count"), labels, super::bytes(self.count));
    }
}

impl Metrics {
    /// A call was answered.
    pub(crate) fn request(&self, method: &'static str, route: &str, status: u16, elapsed: Duration) {
        let call = Call { method, route: route.to_owned(), status };
        self.requests.lock().entry(call).or_default().observe(elapsed);
    }

    /// A query began; how it ends is told to the timer.
    pub(crate) fn query_started(&self) -> QueryTimer<'_> {
        QueryTimer { metrics: self, started: Instant::now() }
    }

    /// A tail sent a message.
    pub(crate) fn tail_sent(&self, events: u64, dropped: u64) {
        self.tail_events.fetch_add(events, Ordering::Relaxed);
        self.tail_dropped.fetch_add(dropped, Ordering::Relaxed);
    }

    /// Appends all families.
    pub(crate) fn write(&self, text: &mut dyn Sink) {
        let name = "tapline_http_request_duration_seconds";
        text.family(name, Kind::Histogram, "Time until an answer began, by method, route and status.");
        for (call, durations) in &*self.requests.lock() {
            let status = call.status.to_string();
            durations.write(text, name, &[("method", call.method), ("route", &call.route), ("status", &status)]);
        }
        let name = "tapline_query_duration_seconds";
        text.family(name, Kind::Histogram, "Time of SQL queries until their answer began, by outcome.");
        for (outcome, durations) in &*self.queries.lock() {
            durations.write(text, name, &[("outcome", outcome)]);
        }
        let counters = [
            ("tapline_tail_events_total", "Events sent to live tails.", &self.tail_events),
            ("tapline_tail_dropped_total", "Events that slow tails missed.", &self.tail_dropped),
        ];
        for (name, help, counter) in counters {
            text.family(name, Kind::Counter, help);
            text.sample(name, &[], super::bytes(counter.load(Ordering::Relaxed)));
        }
    }
}

/// Times one query.
pub(crate) struct QueryTimer<'a> {
    metrics: &'a Metrics,
    started: Instant,
}

impl QueryTimer<'_> {
    /// It is answered.
    pub(crate) fn done(&self) {
        self.ended("ok");
    }

    /// It failed with this code.
    pub(crate) fn failed(&self, code: &'static str) {
        self.ended(code);
    }

    fn ended(&self, outcome: &'static str) {
        self.metrics.queries.lock().entry(outcome).or_default().observe(self.started.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Text;

    #[test]
    fn buckets_are_cumulative() {
        let metrics = Metrics::default();
        for millis in [1, 30, 700, 90_000] {
            metrics.request("GET", "/api/v1/status", 200, Duration::from_millis(millis));
        }
        let mut text = Text::default();
        metrics.write(&mut text);
        let text = text.finish();
        let labels = "method=\"GET\",route=\"/api/v1/status\",status=\"200\"";
        for (bound, count) in [("0.001", 1), ("0.05", 2), ("1", 3), ("60", 3), ("+Inf", 4)] {
            let line = format!("tapline_http_request_duration_seconds_bucket{{{labels},le=\"{bound}\"}} {count}\n");
            assert!(text.contains(&line), "{line}{text}");
        }
    }
}
