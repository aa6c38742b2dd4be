//! The one time range: last so long, or from one moment to another; local time or UTC.

use leptos::prelude::*;

use crate::{
    format::{now, time},
    state::{
        settings::{Zone, use_settings},
        time_range::{Moment, TimeRange, use_set_time_range, use_time_range},
    },
    ui::{
        Button, Ico, Icon, Look, Segments,
        menu::{Item, Menu},
    },
};

const LAST: [(i64, &str); 8] = [
    (300_000, "5 min"),
    (900_000, "15 min"),
    (3_600_000, "1 h"),
    (21_600_000, "6 h"),
    (86_400_000, "1 day"),
    (259_200_000, "3 days"),
    (604_800_000, "7 days"),
    (2_592_000_000, "30 days"),
];

/// The menu at the top right.
#[component]
pub(super) fn TimeMenu() -> impl IntoView {
    let (range, set, settings) = (use_time_range(), use_set_time_range(), use_settings());
    let button = move || {
        view! {
            <Ico icon=Icon::Clock/>
            <span>{move || range.get().label(settings.zone.get())}</span>
            <span class="t3">{move || settings.zone.get().name()}</span>
            <Ico icon=Icon::Down class="i caret"/>
        }
    };
    let last = move |(ms, name): (i64, &'static str)| {
        let chosen = Signal::derive(move || range.get() == TimeRange::last(ms));
        view! { <Item text=format!("Last {name}") chosen on_choose=move || set(TimeRange::last(ms))/> }
    };
    view! {
        <Menu button=ViewFn::from(button) from_right=true label="Time range">
            {LAST.into_iter().map(last).collect_view()}
            <hr/>
            <Absolute/>
            <hr/>
            <div class="keep row zone"><span class="t3 small">"Times in"</span><ZoneChoice/></div>
        </Menu>
    }
}

#[component]
fn ZoneChoice() -> impl IntoView {
    let zone = use_settings().zone;
    let chosen = Signal::derive(move || zone.get().name().to_owned());
    let choose = move |name: &'static str| zone.set(if name == "UTC" { Zone::Utc } else { Zone::Local });
    view! { <Segments label="Zone" choices=&[("local", "local"), ("UTC", "UTC")] chosen on_choose=choose/> }
}

/// Two moments as people write them.
#[component]
fn Absolute() -> impl IntoView {
    let (range, set, zone) = (use_time_range(), use_set_time_range(), use_settings().zone);
    let (from, to) = range.get_untracked().resolve(now());
    let field = |at: i64| RwSignal::new(written(at, zone.get_untracked()));
    let (from, to, wrong) = (field(from), field(to), RwSignal::new(false));
    let apply = move || {
        let zone = zone.get_untracked();
        let read = |text: &str| read(text, zone, now());
        match (from.with_untracked(|text| read(text)), to.with_untracked(|text| read(text))) {
            (Some(from), Some(to)) => set(TimeRange { from, to }),
            _ => wrong.set(true),
        }
    };
    view! {
        <form class="keep between" on:submit=move |event| { event.prevent_default(); apply(); }>
            <Field name="From" value=from/>
            <Field name="To" value=to/>
            <div class="row">
                <small class=move || if wrong.get() { "bad" } else { "t3" }>"2026-11-21 03:12, 03:12 or now-2h"</small>
                <span class="push"><Button text="Apply" small=true look=Look::Primary on_press=move |event| { event.prevent_default(); apply(); }/></span>
            </div>
        </form>
    }
}

#[component]
fn Field(name: &'static str, value: RwSignal<String>) -> impl IntoView {
    view! {
        <label class="field"><span>{name}</span>
            <input class="input mono" type="text" spellcheck="false" autocomplete="off" prop:value=value on:input=move |event| value.set(event_target_value(&event))/>
        </label>
    }
}

/// As it stands in the field: the clock of the zone, without its name.
fn written(at: i64, zone: Zone) -> String {
    let text = time::rfc3339((at + zone.offset(at)) * 1000);
    text.get(..19).unwrap_or(&text).replace('T', " ")
}

/// What is written in the field: `now-2h`, RFC 3339, a date with a clock, or a clock alone, today.
fn read(text: &str, zone: Zone, now: i64) -> Option<Moment> {
    let text = text.trim();
    if let Some(moment) = Moment::parse(text) {
        return Some(moment);
    }
    let full =
        if text.contains(['-', 'T']) { text.to_owned() } else { format!("{} {text}", &written(now, zone)[..10]) };
    let at = time::parse(&format!("{full}Z"))?.div_euclid(1000);
    Some(Moment::At(at - zone.offset(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_230_764_000;

    #[test]
    fn moments_are_read_as_people_write_them() {
        let at = |text| read(text, Zone::Utc, NOW);
        assert_eq!(at("2026-11-21 03:12:44"), Some(Moment::At(NOW)));
        assert_eq!(at("03:12:44"), Some(Moment::At(NOW)));
        assert_eq!(at("03:12"), Some(Moment::At(NOW - 44_000)));
        assert_eq!(at(" now-2h "), Some(Moment::Ago(7_200_000)));
        assert_eq!(at("2026-11-21T04:12:44+01:00"), Some(Moment::At(NOW)));
        assert_eq!(at("yesterday"), None);
    }

    #[test]
    fn what_stands_in_the_field_is_read_back() {
        assert_eq!(read(&written(NOW, Zone::Utc), Zone::Utc, 0), Some(Moment::At(NOW)));
    }
}
