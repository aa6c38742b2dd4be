//! Planning a replay from any page: which events and how are asked in one dialog; what the server makes of it is a page
//! of its own, to be read before anything is sent. Owns the dialog; [`crate::pages`] owns the plan.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{ReplayDetail, ReplayRequest, Select};

use crate::{react::memo, state::settings::who, ui::dialog::Dialog};

mod difference;
mod draft;
mod edit;
mod edit_form;
mod form;
mod layout;
mod target;
mod transform;

pub(crate) use form::send;

/// What is planned.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    /// What the form begins with.
    request: ReplayRequest,
    /// Which events, in words.
    what: String,
    /// Id of the plan that this one replaces.
    instead_of: Option<String>,
}

/// Opens the dialog, from anywhere below [`provide_planning`].
#[derive(Clone, Copy)]
pub(crate) struct Planning {
    asked: RwSignal<Option<Arc<Asked>>>,
    open: RwSignal<bool>,
}

/// The dialog's handle.
pub(crate) fn use_planning() -> Planning {
    expect_context()
}

/// Makes [`use_planning`] answer.
pub(crate) fn provide_planning() {
    provide_context(Planning { asked: RwSignal::new(None), open: RwSignal::new(false) });
}

impl Planning {
    /// Asks how events are put back.
    pub(crate) fn ask(self, select: Select, what: String) {
        let request = ReplayRequest { select, rate: Some(draft::RATE), who: who(), ..ReplayRequest::default() };
        self.show(Asked { request, what, instead_of: None });
    }

    /// Asks the same of them.
    pub(crate) fn ask_events(self, addresses: Vec<String>, what: String) {
        self.ask(Select { addresses: Some(addresses), ..Select::default() }, what);
    }

    /// Asks for a plan in place of one that was not started.
    pub(crate) fn again(self, plan: &ReplayDetail) {
        let (request, what) = (plan.request.clone(), plan.plan.chosen_by.clone());
        self.show(Asked { request, what, instead_of: Some(plan.replay.id.clone()) });
    }

    fn show(self, asked: Asked) {
        self.asked.set(Some(Arc::new(asked)));
        self.open.set(true);
    }
}

/// Where the dialog opens: once, in the frame.
#[component]
pub(crate) fn PlanningPlace() -> impl IntoView {
    let Planning { asked, open } = use_planning();
    let asked = memo(move || asked.get());
    let form = move || asked.get().map(|asked| view! { <form::Form asked open/> });
    view! { <Dialog open wide=true title="Plan a replay">{form}</Dialog> }
}
