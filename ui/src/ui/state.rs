//! States: always a shape and a word, colour third.

use leptos::prelude::*;
use tapline_api::Level;

/// The shape of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Octagon: failing.
    Failing,
    /// Diamond: dead letter.
    DeadLetter,
    /// Square: standing still.
    Standing,
    /// Triangle: behind, at risk.
    Behind,
    /// Hourglass: stuck.
    Stuck,
    /// Disc with a tick: well.
    Well,
    /// Open arc: running.
    Running,
    /// Disc with an arrow: replayed.
    Replayed,
    /// Ring with a tick: somebody knows.
    Acknowledged,
    /// Ring: new.
    New,
    /// Dashed ring: not there yet, or off.
    Off,
    /// Small diamond: an event.
    Event,
}

impl Shape {
    /// The shape that the API's word asks for.
    pub(crate) fn of(mark: &str) -> Self {
        match mark {
            "failing" | "source" | "failed" | "down" => Self::Failing,
            "dead_letter" => Self::DeadLetter,
            "standing_still" | "paused" => Self::Standing,
            "behind" | "gap" | "degraded" => Self::Behind,
            "stuck" => Self::Stuck,
            "running" | "starting" => Self::Running,
            "ok" | "up" | "complete" => Self::Well,
            "replayed" => Self::Replayed,
            "new" => Self::New,
            _ => Self::Off,
        }
    }

    /// `#s-` and the name in index.html.
    pub(crate) fn reference(self) -> &'static str {
        match self {
            Self::Failing => "#s-bad",
            Self::DeadLetter => "#s-dead",
            Self::Standing => "#s-stop",
            Self::Behind => "#s-warn",
            Self::Stuck => "#s-stuck",
            Self::Well => "#s-ok",
            Self::Running => "#s-run",
            Self::Replayed => "#s-again",
            Self::Acknowledged => "#s-ack",
            Self::New => "#s-new",
            Self::Off => "#s-off",
            Self::Event => "#s-x-ev",
        }
    }
}

/// The end of a class name that carries a level's colour: `bad`, `warn`, `ok`, `act`, `mute`.
pub(crate) fn tone(level: Level) -> &'static str {
    match level {
        Level::Mute => "mute",
        Level::Ok => "ok",
        Level::Act => "act",
        Level::Warn => "warn",
        Level::Bad => "bad",
    }
}

/// The shape alone; the word stands beside it.
#[component]
pub(crate) fn Mark(
    /// Its form.
    shape: Shape,
    /// Its colour.
    level: Level,
    /// Twelve pixels instead of fourteen.
    #[prop(optional)]
    small: bool,
) -> impl IntoView {
    let class = format!("st st-{}{}", tone(level), if small { " st-12" } else { "" });
    view! { <svg class=class aria-hidden="true"><use href=shape.reference()></use></svg> }
}

/// Shape and word in a frame.
#[component]
pub(crate) fn Pill(
    /// Its form; absent for a plain word.
    #[prop(optional)]
    shape: Option<Shape>,
    /// Its colour.
    #[prop(default = Level::Mute)]
    level: Level,
    /// The word.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    let class = match (shape, level) {
        (None, Level::Mute) => "pill plain".to_owned(),
        (None, level) => format!("pill plain pill-{}", tone(level)),
        (_, level) => format!("pill pill-{}", tone(level)),
    };
    view! { <span class=class>{shape.map(|shape| view! { <Mark shape level small=true/> })}{text}</span> }
}
