//! What can be done with a replay, and calling it: a press is one call, whose answer is what is shown next.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{ReplayAct, ReplayDetail, ReplayList, ReplayRequest};

use crate::{
    api::{act, failure::Failure, load::Load},
    format::sentence,
    planning,
    state::{
        settings::{remember_who, who},
        url::{Address, replay_path, segment, use_address},
    },
    ui::toast::{Toasts, use_toasts},
};

/// The opened replay and the list that it stands in.
#[derive(Clone, Copy)]
pub(super) struct Acts {
    pub(super) detail: Load<ReplayDetail>,
    pub(super) list: Load<ReplayList>,
    /// Whether a call is under way.
    pub(super) busy: RwSignal<bool>,
    /// Why the newest was refused.
    pub(super) refused: RwSignal<Option<Failure>>,
    toasts: Toasts,
    address: Address,
}

impl Acts {
    /// Nothing was done yet.
    pub(super) fn new(detail: Load<ReplayDetail>, list: Load<ReplayList>) -> Self {
        let (busy, refused) = (RwSignal::new(false), RwSignal::new(None));
        Self { detail, list, busy, refused, toasts: use_toasts(), address: use_address() }
    }

    /// Does one thing with a replay: `start`, `pause`, `resume`, `cancel`, `confirm`.
    pub(super) fn press(self, id: &str, what: &'static str, body: ReplayAct) {
        if let Some(who) = &body.who {
            remember_who(who);
        }
        let body = ReplayAct { who: body.who.or_else(who), ..body };
        self.busy.set(true);
        self.refused.set(None);
        act::post::<ReplayDetail>(format!("{}/{what}", call(id)), &body, move |answer| self.end(answer));
    }

    fn end(self, answer: Result<ReplayDetail, Failure>) {
        self.busy.try_set(false);
        match answer {
            Ok(detail) => {
                self.refused.try_set(None);
                let shown =
                    |it: &Option<Arc<ReplayDetail>>| it.as_ref().is_some_and(|it| it.replay.id == detail.replay.id);
                if self.detail.data.try_with_untracked(shown) == Some(true) {
                    self.detail.data.set(Some(Arc::new(detail)));
                }
                self.list.retry();
            }
            Err(failure) => self.refuse(failure),
        }
    }

    fn refuse(self, failure: Failure) {
        // The plan was made anew: what is shown is not what would be done.
        if failure.code == "plan_stale" {
            self.detail.retry();
        }
        self.toasts.say(sentence::plain(&failure.detail));
        self.refused.try_set(Some(failure));
    }

    /// Plans the same with a change, discards the old plan and opens the new one.
    pub(super) fn plan_anew(self, plan: &ReplayDetail, change: impl FnOnce(&mut ReplayRequest)) {
        let mut request = plan.request.clone();
        request.who = who();
        change(&mut request);
        let address = self.address;
        self.busy.set(true);
        planning::send(request, Some(plan.replay.id.clone()), move |answer| {
            self.busy.try_set(false);
            match answer {
                Ok(id) => {
                    self.list.retry();
                    address.go(&address.link(&replay_path(&id)));
                }
                Err(failure) => self.refuse(failure),
            }
        });
    }

    /// Removes a plan that was not started.
    pub(super) fn discard(self, id: &str) {
        let address = self.address;
        self.busy.set(true);
        act::delete(call(id), move |answer| {
            self.busy.try_set(false);
            match answer {
                Ok(()) => {
                    self.toasts.say("Discarded");
                    self.list.retry();
                    address.go(&address.link("/replays"));
                }
                Err(failure) => self.refuse(failure),
            }
        });
    }
}

/// The call about one replay.
pub(super) fn call(id: &str) -> String {
    format!("/api/v1/replays/{}", segment(id))
}
