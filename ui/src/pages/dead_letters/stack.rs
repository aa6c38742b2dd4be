//! A stack trace as people read it: exceptions, frames of one's own marked, runs of frameworks' frames folded.

use leptos::prelude::*;

use crate::{format::number, ui::Copy};

/// Packages of frameworks and runtimes.
const FRAMEWORKS: [&str; 20] = [
    "java.",
    "javax.",
    "jakarta.",
    "jdk.",
    "sun.",
    "com.sun.",
    "org.springframework.",
    "org.apache.",
    "com.fasterxml.",
    "tools.jackson.",
    "io.quarkus.",
    "io.smallrye.",
    "io.vertx.",
    "io.netty.",
    "reactor.",
    "kotlin.",
    "scala.",
    "io.confluent.",
    "org.hibernate.",
    "System.",
];
/// Lines drawn; Copy takes all.
const MOST: usize = 400;

/// A part of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// An exception: its class, and what it says.
    Thrown(String, String),
    /// A frame of one's own.
    Own(String),
    /// Frames of frameworks: the first, and how many follow.
    Others(String, usize),
    /// Something else.
    Line(String),
}

fn parts(stack: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for line in stack.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).take(MOST) {
        let text = line.trim_start();
        let frame = text.strip_prefix("at ").map(|frame| {
            frame.rsplit_once('/').filter(|(module, _)| !module.contains('(')).map_or(frame, |(_, frame)| frame)
        });
        match (frame, parts.last_mut()) {
            (Some(frame), last) if FRAMEWORKS.iter().any(|package| frame.starts_with(package)) => match last {
                Some(Part::Others(_, more)) => *more += 1,
                _ => parts.push(Part::Others(frame.to_owned(), 0)),
            },
            (Some(frame), _) => parts.push(Part::Own(frame.to_owned())),
            (None, Some(Part::Others(_, more))) if text.starts_with("... ") => *more += 1,
            (None, _) => parts.push(thrown(line)),
        }
    }
    parts
}

/// `com.x.Broken: says` or `Caused by: com.x.Broken: says`; a line that is no exception stays a line.
fn thrown(line: &str) -> Part {
    let (lead, text) = line.strip_prefix("Caused by: ").map_or(("", line), |text| ("Caused by: ", text));
    let (class, says) = text.split_once(": ").unwrap_or((text, ""));
    let is_class = class.contains('.') && class.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '$'));
    if is_class { Part::Thrown(format!("{lead}{class}"), says.to_owned()) } else { Part::Line(line.to_owned()) }
}

/// The section.
#[component]
pub(super) fn Stack(stack: String) -> impl IntoView {
    let whole = RwSignal::new(false);
    let (folded, text, copied) = (parts(&stack), stack.clone(), Signal::stored(stack));
    let toggle = move || if whole.get() { "Fold frames" } else { "All frames" };
    let body = move || {
        if whole.get() {
            return view! { <pre class="code stack" tabindex="0">{text.clone()}</pre> }.into_any();
        }
        view! { <pre class="code stack" tabindex="0">{folded.iter().map(part).collect_view()}</pre> }.into_any()
    };
    view! {
        <div class="subh"><h3>"Stack trace"</h3><span class="t3 small">"own frames marked"</span>
            <span class="push row"><button type="button" class="link plain small" on:click=move |_| whole.update(|whole| *whole = !*whole)>{toggle}</button><Copy text=copied label="Copy stack trace"/></span></div>
        {body}
    }
}

fn part(part: &Part) -> AnyView {
    match part {
        Part::Thrown(class, says) => view! { <b>{class.clone()}</b>{(!says.is_empty()).then(|| format!("\n  {says}"))}"\n" }.into_any(),
        Part::Own(frame) => view! { <span class="own">{format!("  at {frame}")}</span>"\n" }.into_any(),
        Part::Others(frame, 0) => view! { <span class="c">{format!("  at {frame}\n")}</span> }.into_any(),
        Part::Others(frame, more) => view! { <span class="c">{format!("  at {frame}\n  … {} of frameworks\n", number::count(*more as u64, "more frame", "more frames"))}</span> }.into_any(),
        Part::Line(line) => format!("{line}\n").into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_frames_stand_out_and_others_fold() {
        let stack = "org.springframework.X: Listener failed\n\tat org.springframework.X.a(X.java:1)\n\tat java.base/java.lang.Thread.run(Thread.java:840)\nCaused by: shop.CardException: card 4711\n\tat app//shop.Cards.read(Cards.java:12)\n\t... 9 more\n";
        let text = |text: &str| text.to_owned();
        assert_eq!(
            parts(stack),
            [
                Part::Thrown(text("org.springframework.X"), text("Listener failed")),
                Part::Others(text("org.springframework.X.a(X.java:1)"), 1),
                Part::Thrown(text("Caused by: shop.CardException"), text("card 4711")),
                Part::Own(text("shop.Cards.read(Cards.java:12)")),
                Part::Line(text("\t... 9 more")),
            ]
        );
    }

    #[test]
    fn what_is_no_trace_stays_as_it_is() {
        assert_eq!(
            parts("Traceback (most recent call last):"),
            [Part::Line("Traceback (most recent call last):".into())]
        );
        assert_eq!(parts(""), []);
    }
}
