//! The kit: small components that know no page. Class names are those of styles/, one stylesheet a component.

pub(crate) mod button;
pub(crate) mod code;
pub(crate) mod copy;
pub(crate) mod dialog;
pub(crate) mod download;
pub(crate) mod empty;
pub(crate) mod fields;
pub(crate) mod icon;
pub(crate) mod id;
pub(crate) mod menu;
pub(crate) mod panel;
pub(crate) mod rows;
pub(crate) mod segments;
pub(crate) mod skeleton;
pub(crate) mod state;
pub(crate) mod tabs;
pub(crate) mod text;
pub(crate) mod toast;

pub(crate) use button::{Button, IconButton, Look};
pub(crate) use copy::Copy;
pub(crate) use icon::{Ico, Icon};
pub(crate) use id::IdLink;
pub(crate) use panel::{Loaded, Trouble};
pub(crate) use segments::Segments;
pub(crate) use state::{Mark, Pill, Shape};
pub(crate) use text::{Answer, Sentence};
