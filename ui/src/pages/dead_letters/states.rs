//! How a cause stands, as shape and word.

use leptos::prelude::*;
use tapline_api::{CauseState, Level};

use crate::ui::{Pill, Shape};

/// Shape, colour and word of a state.
pub(super) fn drawn(state: CauseState) -> (Shape, Level, &'static str) {
    match state {
        CauseState::New => (Shape::New, Level::Bad, "New"),
        CauseState::Acknowledged => (Shape::Acknowledged, Level::Mute, "Acknowledged"),
        CauseState::Fixing => (Shape::Running, Level::Act, "Being fixed"),
        CauseState::Replayed => (Shape::Replayed, Level::Act, "Replayed"),
        CauseState::Resolved => (Shape::Well, Level::Ok, "Resolved"),
        CauseState::FailedAgain => (Shape::Failing, Level::Bad, "Failed again"),
        CauseState::Archived => (Shape::Off, Level::Mute, "Archived"),
    }
}

/// The state in a frame.
#[component]
pub(super) fn StatePill(state: CauseState) -> impl IntoView {
    let (shape, level, text) = drawn(state);
    view! { <Pill shape level text/> }
}
