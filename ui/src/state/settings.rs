//! What this browser remembers between visits: the zone in which times are shown, and small texts of the pages.

use leptos::prelude::*;

use crate::react::effect;

/// The zone in which times are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Zone {
    /// The browser's.
    #[default]
    Local,
    /// UTC.
    Utc,
}

impl Zone {
    /// Milliseconds to add to UTC at a moment, in milliseconds since 1970.
    pub(crate) fn offset(self, at: i64) -> i64 {
        match self {
            Self::Utc => 0,
            Self::Local => {
                let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at as f64));
                let minutes = date.get_timezone_offset();
                if minutes.is_finite() { -(minutes as i64) * 60_000 } else { 0 }
            }
        }
    }

    /// The number of the day in this zone.
    pub(crate) fn day(self, at: i64) -> i64 {
        (at + self.offset(at)).div_euclid(86_400_000)
    }

    /// As the menu says it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Utc => "UTC",
        }
    }
}

/// Settings of this browser.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// The zone in which times are shown.
    pub(crate) zone: RwSignal<Zone>,
}

/// Settings, from anywhere below [`provide_settings`].
pub(crate) fn use_settings() -> Settings {
    expect_context()
}

/// Makes [`use_settings`] answer and keeps what changes.
pub(crate) fn provide_settings() {
    let utc = recall("zone").as_deref() == Some("utc");
    let zone = RwSignal::new(if utc { Zone::Utc } else { Zone::Local });
    effect(move || remember("zone", if zone.get() == Zone::Utc { "utc" } else { "local" }));
    provide_context(Settings { zone });
}

/// A text kept by this browser; absent as well where storage is forbidden.
pub(crate) fn recall(name: &str) -> Option<String> {
    storage()?.get_item(&format!("tapline.{name}")).ok()?
}

/// Keeps a text in this browser. Where storage is full or forbidden it lasts as long as the page.
pub(crate) fn remember(name: &str, value: &str) {
    if let Some(storage) = storage() {
        let _lasts_as_long_as_the_page = storage.set_item(&format!("tapline.{name}"), value);
    }
}

/// Where the browser keeps who acts.
const WHO: &str = "who";

/// Who acts, as this browser was told once; it is written into the audit.
pub(crate) fn who() -> Option<String> {
    recall(WHO).filter(|who| !who.is_empty())
}

/// Keeps who acts.
pub(crate) fn remember_who(who: &str) {
    remember(WHO, who.trim());
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok()?
}
