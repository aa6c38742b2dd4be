//! Tapline's page: Leptos, compiled to WebAssembly, embedded in the binary. This file owns the start; [`app`] owns what
//! is mounted, `xtask` how it is built, `query/http` how it is served.
//!
//! | module | owns |
//! |---|---|
//! | [`state`] | what the address, the browser's storage and the clock say |
//! | [`api`] | calls to `/api/v1`, old data kept while new loads |
//! | [`filter`] | the grammar of the filter line |
//! | [`format`] | numbers, times, IDs and sentences as text |
//! | [`charts`] | scales, ticks, paths and the marks made of them |
//! | [`ui`] | the kit: buttons, tables, tabs, menus; nothing there knows a page |
//! | [`frame`] | what stands around every page |
//! | [`drawer`] | one event, everything about it |
//! | [`pages`] | one module a page |
//! | [`planning`] | the dialog that plans a replay, from any page |
//! | [`react`], [`order`] | effects, memos and sorting, compiled once |

#![expect(unreachable_pub, reason = "the component macro makes public items, and a page has no public interface")]

mod api;
mod app;
mod charts;
mod drawer;
mod filter;
mod format;
mod frame;
mod keyboard;
mod order;
mod pages;
mod planning;
mod react;
mod state;
mod ui;

fn main() {
    leptos::mount::mount_to_body(app::App);
}
