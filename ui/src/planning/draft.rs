//! What the form holds while it is typed, and the request that it becomes. Nothing here knows the page.

use tapline_api::{ItemEdit, KeyOrder, ReplayRequest, ReplayTarget, StopAt, Timestamps};

/// How fast events are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Pace {
    /// So many a second.
    #[default]
    Rate,
    /// With the pauses there were.
    Speed,
    /// As fast as the broker takes them.
    Free,
}

/// What is changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    #[default]
    None,
    /// The one event, by hand.
    Edit,
    /// All, by a program.
    Transform,
}

/// The fields, as they were typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Draft {
    /// To another place than where each came from.
    pub(super) elsewhere: bool,
    pub(super) source: String,
    pub(super) destination: String,
    pub(super) pace: Pace,
    pub(super) rate: String,
    pub(super) speed: String,
    pub(super) any_order: bool,
    pub(super) now: bool,
    pub(super) has_canary: bool,
    pub(super) canary: String,
    pub(super) canary_goes_on: bool,
    pub(super) stops_by_failed: bool,
    /// In percent.
    pub(super) failed: String,
    pub(super) stops_by_lag: bool,
    pub(super) lag: String,
    pub(super) change: Change,
    pub(super) transform: String,
    pub(super) reason: String,
    pub(super) who: String,
}

/// Events a second that are offered where nothing was asked yet.
pub(super) const RATE: f64 = 20.0;
/// Events of a test.
const CANARY: u64 = 25;

impl Draft {
    /// The fields of a request.
    pub(super) fn of(request: &ReplayRequest) -> Self {
        let target = request.target.clone().unwrap_or_default();
        let pace = match (request.rate, request.speed) {
            (Some(_), _) => Pace::Rate,
            (None, Some(_)) => Pace::Speed,
            (None, None) => Pace::Free,
        };
        let change = match (request.edits.is_empty(), &request.transform) {
            (false, _) => Change::Edit,
            (true, Some(_)) => Change::Transform,
            (true, None) => Change::None,
        };
        let failed = request.stop.failed_again.or(StopAt::default().failed_again).unwrap_or_default() * 100.0;
        Self {
            elsewhere: request.target.is_some(),
            source: target.source.unwrap_or_default(),
            destination: target.destination.unwrap_or_default(),
            pace,
            rate: request.rate.unwrap_or(RATE).to_string(),
            speed: request.speed.unwrap_or(1.0).to_string(),
            any_order: request.order == KeyOrder::None,
            now: request.timestamps == Timestamps::Now,
            has_canary: request.canary.is_some(),
            canary: request.canary.unwrap_or(CANARY).to_string(),
            canary_goes_on: request.canary_goes_on,
            stops_by_failed: request.stop.failed_again.is_some(),
            failed: format!("{}", (failed * 1000.0).round() / 1000.0),
            stops_by_lag: request.stop.lag.is_some(),
            lag: request.stop.lag.map(|lag| lag.to_string()).unwrap_or_default(),
            change,
            transform: request.transform.clone().unwrap_or_default(),
            reason: request.reason.clone(),
            who: request.who.clone().unwrap_or_default(),
        }
    }

    /// The request that asks for the events of another one in this way; an error says what is missing.
    pub(super) fn request(&self, of: &ReplayRequest, edits: Vec<ItemEdit>) -> Result<ReplayRequest, String> {
        let changes = self.change == Change::Edit;
        if changes && edits.is_empty() {
            return Err("Nothing is edited yet.".to_owned());
        }
        let transform = (self.change == Change::Transform).then(|| self.transform.trim().to_owned());
        if transform.as_deref() == Some("") {
            return Err("Write the program that changes the events.".to_owned());
        }
        let failed = when(self.stops_by_failed, || number(&self.failed, "The share that may fail again"))?;
        if failed.is_some_and(|percent| percent >= 100.0) {
            return Err("The share that may fail again must be below 100 %.".to_owned());
        }
        let request = ReplayRequest {
            select: of.select.clone(),
            leave_out: of.leave_out.clone(),
            target: self.target()?,
            rate: when(self.pace == Pace::Rate, || number(&self.rate, "The rate"))?,
            speed: when(self.pace == Pace::Speed, || number(&self.speed, "The speed"))?,
            order: if self.any_order { KeyOrder::None } else { KeyOrder::Key },
            timestamps: if self.now { Timestamps::Now } else { Timestamps::Original },
            canary: when(self.has_canary, || whole(&self.canary, "The number to send first"))?,
            canary_goes_on: self.has_canary && self.canary_goes_on,
            stop: StopAt {
                failed_again: failed.map(|percent| percent / 100.0),
                lag: when(self.stops_by_lag, || whole(&self.lag, "The lag to stop at"))?,
            },
            transform,
            edits: if changes { edits } else { Vec::new() },
            reason: self.reason.trim().to_owned(),
            who: filled(&self.who),
        };
        if request.reason.is_empty() {
            return Err("Say why: it stands in the audit.".to_owned());
        }
        Ok(request)
    }

    fn target(&self) -> Result<Option<ReplayTarget>, String> {
        if !self.elsewhere {
            return Ok(None);
        }
        let target = ReplayTarget { source: filled(&self.source), destination: filled(&self.destination) };
        match target {
            ReplayTarget { source: None, destination: None } => Err("Name the destination.".to_owned()),
            target => Ok(Some(target)),
        }
    }
}

fn when<T>(asked: bool, read: impl FnOnce() -> Result<T, String>) -> Result<Option<T>, String> {
    if asked { read().map(Some) } else { Ok(None) }
}

fn number(text: &str, what: &str) -> Result<f64, String> {
    let number = crate::format::number::read(text.trim()).filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| format!("{what} must be a number above zero."))
}

fn whole(text: &str, what: &str) -> Result<u64, String> {
    let number = text.trim().parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("{what} must be a whole number above zero."))
}

fn filled(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use tapline_api::Select;

    use super::*;

    fn asked() -> ReplayRequest {
        ReplayRequest {
            select: Select { fingerprint: Some("9f27c0".to_owned()), ..Select::default() },
            leave_out: vec!["shop/orders-dlt/0/1".to_owned()],
            rate: Some(20.0),
            reason: "mended".to_owned(),
            who: Some("Mara".to_owned()),
            ..ReplayRequest::default()
        }
    }

    #[test]
    fn a_request_survives_the_form() {
        let full = ReplayRequest {
            target: Some(ReplayTarget { source: None, destination: Some("orders-test".to_owned()) }),
            rate: None,
            speed: Some(2.5),
            order: KeyOrder::None,
            timestamps: Timestamps::Now,
            canary: Some(25),
            canary_goes_on: true,
            stop: StopAt { failed_again: None, lag: Some(5000) },
            transform: Some(".payload.n = 1".to_owned()),
            ..asked()
        };
        for request in [asked(), ReplayRequest { rate: None, ..asked() }, full] {
            assert_eq!(Draft::of(&request).request(&request, Vec::new()), Ok(request));
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        let said = |change: fn(&mut Draft)| {
            let mut draft = Draft::of(&asked());
            change(&mut draft);
            draft.request(&asked(), Vec::new()).unwrap_err()
        };
        assert_eq!(said(|draft| draft.reason = " ".to_owned()), "Say why: it stands in the audit.");
        assert_eq!(said(|draft| draft.rate = "-3".to_owned()), "The rate must be a number above zero.");
        assert_eq!(said(|draft| draft.elsewhere = true), "Name the destination.");
        assert_eq!(said(|draft| draft.change = Change::Edit), "Nothing is edited yet.");
        assert_eq!(said(|draft| draft.change = Change::Transform), "Write the program that changes the events.");
        assert_eq!(said(|draft| draft.failed = "250".to_owned()), "The share that may fail again must be below 100 %.");
    }
}
