//! What the page remembers: in the address ([`url`], [`time_range`]), in the browser ([`theme`], [`settings`]) and for
//! as long as it is open ([`hues`], [`refresh`]).

mod history;
pub(crate) mod hues;
pub(crate) mod refresh;
pub(crate) mod settings;
pub(crate) mod theme;
pub(crate) mod time_range;
pub(crate) mod url;
