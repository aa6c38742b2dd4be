//! What will stand here, drawn while nothing has come yet: the first time only.

use leptos::prelude::*;

/// Grey lines of the widths given, in percent.
#[component]
pub(crate) fn Skeleton(
    /// One line each.
    #[prop(default = &[72, 88, 64, 80, 56])]
    widths: &'static [u8],
) -> impl IntoView {
    let lines =
        widths.iter().map(|width| view! { <i class="skel" style:width=format!("{width}%")></i> }).collect_view();
    view! { <div class="pad skels" aria-busy="true" aria-label="Loading">{lines}</div> }
}

/// Rows of a table that will come.
#[component]
pub(crate) fn SkeletonRows(
    /// How many.
    rows: usize,
    /// Columns of the table.
    columns: usize,
) -> impl IntoView {
    const WIDTHS: [u8; 7] = [64, 46, 72, 38, 58, 80, 52];
    let row = move |row: usize| {
        let cells = (0..columns)
            .map(|column| view! { <td><i class="skel" style:width=format!("{}%", WIDTHS[(row * 3 + column) % WIDTHS.len()])></i></td> })
            .collect_view();
        view! { <tr aria-hidden="true">{cells}</tr> }
    };
    (0..rows).map(row).collect_view()
}
