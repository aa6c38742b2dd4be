//! What the archive holds and costs, what is damaged, and the process around it.

use leptos::prelude::*;
use tapline_api::{ArchiveFigures, Level, System};

use crate::{
    format::{self, number, time},
    state::{settings::Zone, time_range::use_zone},
    ui::{Copy, Mark, Sentence, Shape},
};

/// The panel's content.
pub(super) fn archive(system: &System) -> impl IntoView + use<> {
    let archive = &system.archive;
    let location = archive.location.clone();
    let disk = archive.disk_free.map_or_else(|| "unknown".to_owned(), number::bytes);
    view! {
        {damaged(archive)}
        <dl class="kv sys-kv">
            <dt>"Where"</dt><dd><span class="id">{location.clone()}</span><Copy text=Signal::derive(move || location.clone()) label="Copy location"/></dd>
            <dt>"Rows"</dt><dd title=number::exact(archive.rows)>{number::short(archive.rows)}<span class="t3">{format!("in {}", number::count(archive.files as u64, "file", "files"))}</span></dd>
            <dt>"In memory"</dt><dd>{number::count(archive.hot_rows, "row", "rows")}<span class="t3">"searchable, not committed yet"</span></dd>
            <dt>"Their memory"</dt><dd>{hot(system)}</dd>
            <dt>"Size"</dt><dd>{number::bytes(archive.bytes + archive.index_bytes)}<span class="t3">{format!("{} of it the ID index", number::bytes(archive.index_bytes))}</span></dd>
            <dt>"Against what came"</dt><dd>{ratio(archive)}</dd>
            <dt>"Free on the disk"</dt><dd>{disk}</dd>
            {moment("Archived since", archive.oldest.as_deref())}
            {moment("Last commit", archive.committed_at.as_deref())}
            {moment("Last compaction", archive.compacted_at.as_deref())}
            <dt>"Version"</dt><dd>{number::exact(archive.version)}<span class="t3">"of the Delta table"</span></dd>
            <dt>"Process"</dt><dd>{process(system)}</dd>
        </dl>
    }
}

/// What is stored for each byte of keys, headers and payloads.
fn ratio(archive: &ArchiveFigures) -> String {
    if archive.raw_bytes == 0 {
        return "nothing archived yet".to_owned();
    }
    let stored = (archive.bytes + archive.index_bytes) as f64;
    format!("{:.2} bytes for each byte of {}", stored / archive.raw_bytes as f64, number::bytes(archive.raw_bytes))
}

fn moment(name: &'static str, text: Option<&str>) -> impl IntoView + use<> {
    let (zone, now) = (use_zone(), format::now());
    let micros = text.and_then(time::parse);
    let at = micros.map(|micros| micros.div_euclid(1000));
    let relative = at.map_or_else(|| "never".to_owned(), |at| time::relative(at, now));
    let clock = move || at.map(|at| clock(at, now, zone.get()));
    let title = move || micros.map(|micros| time::full(micros, zone.get()));
    view! { <dt>{name}</dt><dd title=title>{relative}<span class="t3">{clock}</span></dd> }
}

fn clock(at: i64, now: i64, zone: Zone) -> String {
    if zone.day(at) == zone.day(now) {
        time::second(at, zone)
    } else {
        format!("{} {}", time::day(at, zone), time::minute(at, zone))
    }
}

/// Hot rows against the bound that they share with taps. Resident memory has none: queries and compactions stand beside
/// it, and freed memory is kept for a while.
fn hot(system: &System) -> impl IntoView + use<> {
    let width = format!("{:.0}%", hot_share(system) * 100.0);
    let bound = format!("of {} for taps and these rows", number::bytes(system.memory_limit));
    let meter = view! { <span class="meter" aria-hidden="true"><i style:width=width></i></span> };
    view! { {number::bytes(system.archive.hot_bytes)}" "{meter}<span class="t3">{bound}</span> }
}

/// Of the bound; the last chunk may go beyond it.
fn hot_share(system: &System) -> f64 {
    (system.archive.hot_bytes as f64 / system.memory_limit.max(1) as f64).min(1.0)
}

fn process(system: &System) -> impl IntoView + use<> {
    match system.memory {
        Some(memory) => {
            view! { {number::bytes(memory)}<span class="t3">"of memory, with queries and compaction"</span> }.into_any()
        }
        None => "unknown".into_any(),
    }
}

fn damaged(archive: &ArchiveFigures) -> Option<impl IntoView + use<>> {
    let row = |text: &String| view! { <li><Mark shape=Shape::Failing level=Level::Bad small=true/><span><Sentence text=text.clone()/></span></li> };
    let rows = archive.damaged.iter().map(row).collect_view();
    (!archive.damaged.is_empty()).then(|| view! { <ul class="problems in">{rows}</ul> })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The process was, which holds more than `limits.memory` bounds: the page said that the bound was broken.
    #[test]
    fn hot_rows_are_held_against_the_bound() {
        let mut system = System {
            version: String::new(),
            started_at: String::new(),
            memory: Some(1_600 << 20),
            memory_limit: 512 << 20,
            archive: ArchiveFigures { hot_bytes: 128 << 20, ..ArchiveFigures::default() },
            settings: Vec::new(),
        };
        assert_eq!(hot_share(&system), 0.25);
        system.archive.hot_bytes = 520 << 20;
        assert_eq!(hot_share(&system), 1.0);
    }

    #[test]
    fn the_ratio_counts_the_index_and_knows_an_empty_archive() {
        let figures = ArchiveFigures { bytes: 300, index_bytes: 100, raw_bytes: 1000, ..ArchiveFigures::default() };
        assert_eq!(ratio(&figures), "0.40 bytes for each byte of 1.0 kB");
        assert_eq!(ratio(&ArchiveFigures::default()), "nothing archived yet");
    }
}
