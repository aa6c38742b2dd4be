//! What the page changes: silences, rules, and a message to try a channel. A press is one call; what it changed is asked
//! for again.

use leptos::prelude::*;
use tapline_api::{AlertList, AlertRule, AlertRuleList, AlertRuleView, ChannelTest, NewSilence, Silence};

use super::draft::Draft;
use crate::{
    api::{act, failure::Failure, load::Load},
    format::sentence,
    state::{
        settings::who,
        url::{Query, segment},
    },
    ui::toast::{Toasts, use_toasts},
};

/// What is known of alerts and rules, and what can be done with them.
#[derive(Clone, Copy)]
pub(super) struct Acts {
    pub(super) list: Load<AlertList>,
    pub(super) rules: Load<AlertRuleList>,
    /// What was typed into the form of a rule and not saved, by the name of the rule: closing the drawer loses nothing.
    pub(super) kept: StoredValue<Option<(String, Draft)>>,
    /// Counts up when something was changed here: to be followed by what must be asked again then.
    pub(super) changes: RwSignal<u32>,
    toasts: Toasts,
}

impl Acts {
    /// Nothing was done yet.
    pub(super) fn new(list: Load<AlertList>, rules: Load<AlertRuleList>) -> Self {
        Self { list, rules, kept: StoredValue::new(None), changes: RwSignal::new(0), toasts: use_toasts() }
    }

    /// Asks for everything again.
    fn again(self) {
        self.list.retry();
        self.rules.retry();
        self.changes.update(|count| *count += 1);
    }

    /// Says what was done; why something was not is for whoever asked.
    fn end<T>(self, answer: &Result<T, Failure>, done: &str) {
        if answer.is_ok() {
            self.toasts.say(done);
            self.again();
        }
    }

    /// Says why something was not done, where no form stands that could.
    pub(super) fn refuse<T>(self, answer: Result<T, Failure>) {
        if let Err(failure) = answer {
            self.toasts.say(sentence::plain(&failure.detail));
        }
    }

    /// Wants quiet.
    pub(super) fn silence(self, silence: &NewSilence, end: impl FnOnce(Result<Silence, Failure>) + 'static) {
        act::post("/api/v1/silences".to_owned(), silence, move |answer| {
            self.end(&answer, "Silenced");
            end(answer);
        });
    }

    /// Wants to hear again.
    pub(super) fn end_silence(self, id: &str) {
        let path = named(&format!("/api/v1/silences/{}", segment(id)), who().as_deref());
        act::delete(path, move |answer| {
            self.end(&answer, "The silence ended");
            self.refuse(answer);
        });
    }

    /// Writes a rule here.
    pub(super) fn save(self, name: &str, rule: &AlertRule, end: impl FnOnce(Result<AlertRuleView, Failure>) + 'static) {
        act::put(named(&path(name), who().as_deref()), rule, move |answer| {
            self.end(&answer, "Saved");
            end(answer);
        });
    }

    /// Removes a rule that was written here.
    pub(super) fn remove(self, name: &str, end: impl FnOnce(Result<(), Failure>) + 'static) {
        act::delete(named(&path(name), who().as_deref()), move |answer| {
            self.end(&answer, "Deleted");
            end(answer);
        });
    }

    /// Sends a message that says that it is a test.
    pub(super) fn test(self, channel: &str, end: impl FnOnce(Result<ChannelTest, Failure>) + 'static) {
        act::post(format!("/api/v1/channels/{}/test", segment(channel)), &(), move |answer| {
            self.list.retry();
            end(answer);
        });
    }
}

/// The call about one rule.
pub(super) fn path(name: &str) -> String {
    format!("/api/v1/alert-rules/{}", segment(name))
}

/// A call with who makes it.
fn named(path: &str, who: Option<&str>) -> String {
    let mut query = Query::default();
    query.set("who", who);
    query.on(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_says_who_makes_it_where_that_is_known() {
        assert_eq!(named(&path("Payments slow"), Some("Mara L")), "/api/v1/alert-rules/Payments%20slow?who=Mara%20L");
        assert_eq!(named("/api/v1/silences/s-4", None), "/api/v1/silences/s-4");
    }
}
