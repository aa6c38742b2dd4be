//! The configuration in force: every key, its value, where it comes from.

use leptos::prelude::*;
use tapline_api::{Level, Setting, SettingOrigin, System};

use crate::{
    order::sort_by_key,
    ui::{
        Pill,
        code::{Code, Language},
    },
};

/// The panel's head.
#[component]
pub(super) fn Head() -> impl IntoView {
    view! { <div class="head"><h2>"Configuration in force"</h2><span class="t3">"environment over file over default; secrets are not shown"</span></div> }
}

/// The panel's content: what was set first, then defaults.
pub(super) fn settings(system: &System) -> impl IntoView + use<> {
    let mut settings: Vec<&Setting> = system.settings.iter().collect();
    sort_by_key(&mut settings, |setting| setting.origin == SettingOrigin::Default);
    let rows = settings.into_iter().map(row).collect_view();
    view! {
        <table class="table fixed settings">
            <thead><tr><th class="s-key">"Key"</th><th>"Value"</th><th class="s-from">"From"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn row(setting: &Setting) -> impl IntoView + use<> {
    let default = setting.origin == SettingOrigin::Default;
    let origin = match setting.origin {
        SettingOrigin::Default => view! { <span class="t3">"default"</span> }.into_any(),
        SettingOrigin::File => view! { <Pill text="file"/> }.into_any(),
        SettingOrigin::Environment => view! { <Pill level=Level::Act text="environment"/> }.into_any(),
    };
    view! {
        <tr class:faint=default>
            <td class="mono small" title=setting.key.clone()>{setting.key.clone()}</td>
            <td class="mono small value" title=setting.value.clone()><Code language=Language::Toml text=setting.value.clone()/></td>
            <td>{origin}</td>
        </tr>
    }
}
