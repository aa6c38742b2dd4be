//! What a rule would have done over the last week, step by step, from what is kept.

use std::collections::{BTreeMap, HashMap};

use tapline_api::{AlertPreview, AlertRule, Fired, Found, Labels};
use tapline_model::time;

use crate::alerts::Alerts;
use crate::error::AlertError;
use crate::expr::{Expression, Sample, Samples, Series};
use crate::machine::{Seen, Standing, Turn};
use crate::observer::Observer;
use crate::question::ask;
use crate::rule::{Ask, Rule};
use crate::windows::{Windows, window};

/// How far back, and the finest step, microseconds.
const BACK: i64 = 7 * 86_400 * 1_000_000;
const FINEST: i64 = 60_000_000;

/// Samples that are looked at: of many series the steps are wider.
const SAMPLES: i64 = 4_000_000;

/// Listed at most.
const MOST_FIRED: usize = 500;
const MOST_FOUND: usize = 100;

/// Counted at most: who would fire more often is no rule.
const MOST_COUNTED: usize = 20_000;

impl Alerts {
    /// Tries a rule without keeping it. Blocks for seconds.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn preview(&self, rule: &AlertRule, stopped: &dyn Fn() -> bool) -> Result<AlertPreview, AlertError> {
        let rule = self.0.known.read("Preview", &AlertRule { enabled: true, ..rule.clone() })?;
        let observer = self.0.observer().ok_or(AlertError::Starting)?;
        let observer = observer.as_ref();
        let at = time::now();
        let (_, answer) = ask(&[&rule], observer, &mut Windows::default(), at).remove(0);
        // Of what could not be asked nobody knows that it finds nothing.
        let found_now = Some(answer.found.len()).filter(|found| *found > 0 || answer.held.is_none());
        let mut unknown: Vec<String> = answer.problem.into_iter().collect();
        let from = at - BACK;
        let (fired, step) = match &rule.ask {
            Ask::Expr(expression) => match Past::read(expression, observer, from, at) {
                Ok(past) => past.run(&rule, expression, at, stopped).ok_or(AlertError::TooSlow)?,
                Err(why) => {
                    unknown.push(why);
                    (Vec::new(), FINEST)
                }
            },
            Ask::Sql(_) => {
                unknown.push("what a query would have found before is not known: it is asked as of now".to_owned());
                (Vec::new(), FINEST)
            }
        };
        let now = answer.found.iter().take(MOST_FOUND).map(|sample| found(&rule, sample)).collect();
        Ok(AlertPreview {
            sentence: sentence(fired.len(), found_now, unknown.is_empty()),
            from: time::format(from),
            to: time::format(at),
            #[expect(clippy::cast_precision_loss, reason = "minutes")]
            step: step as f64 / 1e6,
            count: fired.len(),
            fired: fired.into_iter().take(MOST_FIRED).collect(),
            now,
            unknown,
        })
    }
}

fn found(rule: &Rule, sample: &Sample) -> Found {
    let labels = rule.labels(&sample.labels, sample.value);
    let said = rule.annotations(&labels, sample.value).remove("summary");
    let sentence = said.unwrap_or_else(|| rule.words(&labels, sample.value).0);
    Found { labels, value: Some(sample.value).filter(|value| value.is_finite()), sentence }
}

fn sentence(fired: usize, now: Option<usize>, is_known: bool) -> String {
    let now = match now {
        None => "it could not be asked now".to_owned(),
        Some(0) => "it finds nothing now".to_owned(),
        Some(now) => format!("it finds {now} now"),
    };
    let before = match (is_known, fired) {
        (false, _) => "What it would have done in the last seven days is not known",
        (true, 0) => "It would not have fired in the last seven days",
        (true, 1) => "It would have fired once in the last seven days",
        (true, count) => {
            return format!("It would have fired {count} times in the last seven days; {now}.");
        }
    };
    format!("{before}; {now}.")
}

/// How the metrics of an expression went.
struct Past {
    series: HashMap<String, Vec<Series>>,
    step: i64,
    /// The moment that is looked at.
    at: i64,
}

impl Past {
    fn read(expression: &Expression, observer: &dyn Observer, from: i64, to: i64) -> Result<Self, String> {
        let step = step(expression, observer, to - from);
        let mut series = HashMap::new();
        for (name, seconds) in expression.metrics() {
            let begin = from - i64::try_from(seconds).unwrap_or(0) * 1_000_000;
            let past = observer.past(name, begin, to, step);
            let past = past.ok_or_else(|| format!("`{name}` is not kept, so the past is not known"))?;
            series.insert(name.to_owned(), past);
        }
        Ok(Self { series, step, at: from })
    }

    fn run(
        mut self,
        rule: &Rule,
        expression: &Expression,
        to: i64,
        stopped: &dyn Fn() -> bool,
    ) -> Option<(Vec<Fired>, i64)> {
        let mut alive = BTreeMap::<Labels, (Standing, Option<usize>)>::new();
        let mut fired = Vec::<Fired>::new();
        while self.at <= to {
            if stopped() || fired.len() > MOST_COUNTED {
                return None;
            }
            let mut found: BTreeMap<Labels, f64> =
                expression.find(&self).into_iter().map(|it| (it.labels, it.value)).collect();
            found.retain(|labels, _| rule.means(labels));
            for labels in found.keys() {
                alive.entry(labels.clone()).or_default();
            }
            let at = self.at;
            alive.retain(|labels, (standing, number)| {
                let value = found.get(labels).copied();
                let seen = if value.is_some() { Seen::Yes } else { Seen::No };
                let (next, turn) = standing.look(at, seen, rule.patience);
                match turn {
                    Some(Turn::Fired) => {
                        *number = Some(fired.len());
                        let labels = rule.labels(labels, value.unwrap_or(f64::NAN));
                        fired.push(Fired { labels, from: time::format(at), to: None, value });
                    }
                    Some(Turn::Resolved) => {
                        let ended = number.take().and_then(|number| fired.get_mut(number));
                        ended.into_iter().for_each(|it| it.to = Some(time::format(at)));
                    }
                    None => {}
                }
                if let Some(it) = number.and_then(|number| fired.get_mut(number)) {
                    it.value = it.value.into_iter().chain(value).reduce(f64::max).filter(|value| value.is_finite());
                }
                *standing = next;
                next != Standing::Inactive
            });
            self.at += self.step;
        }
        Some((fired, self.step))
    }
}

/// So wide that the samples that are looked at stay within bounds, by how many there are now.
fn step(expression: &Expression, observer: &dyn Observer, length: i64) -> i64 {
    let names = expression.metrics().map(|(name, _)| name).collect();
    let mut count = 1;
    drop(observer.samples(&names, &mut |_, _, _| count += 1));
    let window = expression.metrics().map(|(_, seconds)| seconds).max().unwrap_or(0);
    let window = i64::try_from(window).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    // Each step looks at every series, and at every point of a window.
    let looked_at = |step: i64| (length / step).saturating_mul(count).saturating_mul(1 + window / step);
    let steps = (0..20).map(|n| FINEST << n);
    steps.into_iter().find(|step| looked_at(*step) <= SAMPLES).unwrap_or(FINEST << 12)
}

impl Samples for Past {
    fn at(&self) -> i64 {
        self.at
    }

    /// The last point before the moment, unless it is older than a step: where values hold there is one each step.
    fn now(&self, name: &str) -> Vec<Sample> {
        let oldest = self.at - self.step;
        let one = |series: &Series| {
            let end = series.points.partition_point(|point| point.0 <= self.at);
            let (at, value) = *series.points.get(end.checked_sub(1)?)?;
            (at > oldest).then(|| Sample { labels: series.labels.clone(), value })
        };
        self.series.get(name).into_iter().flatten().filter_map(one).collect()
    }

    #[expect(clippy::cast_possible_truncation, reason = "a float that is too large saturates")]
    fn window(&self, name: &str, seconds: f64) -> Vec<Series> {
        let begin = self.at.saturating_sub((seconds * 1e6) as i64);
        let one = |series: &Series| {
            let (first, end) = (
                series.points.partition_point(|point| point.0 < begin).saturating_sub(1),
                series.points.partition_point(|point| point.0 <= self.at),
            );
            let points = series.points.get(first..end)?.iter().copied();
            Some(window(&series.labels, points, begin)).filter(|series| !series.points.is_empty())
        };
        self.series.get(name).into_iter().flatten().filter_map(one).collect()
    }
}
