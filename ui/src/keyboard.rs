//! Hands on the keyboard: keys become commands, and the newest listener that wants one gets it. Keys that are typed into
//! a field are left alone.

use std::rc::Rc;

use leptos::{ev::KeyboardEvent, prelude::*};
use wasm_bindgen::JsCast;

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// `/`, Ctrl-K: the search box.
    Find,
    /// `?`: all keys.
    Help,
    /// `j`, arrow down in a list.
    Down,
    /// `k`.
    Up,
    /// Enter.
    Open,
    /// Esc.
    Close,
    /// `f`: the filter line of the page.
    Filter,
    /// Space: pause or go on.
    Pause,
    /// `g` and a letter: a page.
    Go(&'static str),
}

/// Every key, for the dialog that shows them.
pub(crate) const KEYS: [(&[&str], &str); 16] = [
    (&["/", "Ctrl K"], "find any ID, topic, group, type or page"),
    (&["g", "o"], "Overview"),
    (&["g", "e"], "Events"),
    (&["g", "c"], "Consumers"),
    (&["g", "d"], "Dead letters"),
    (&["g", "r"], "Replays"),
    (&["g", "a"], "Alerts"),
    (&["g", "s"], "SQL"),
    (&["g", "y"], "System"),
    (&["j", "k"], "next and previous row"),
    (&["↑", "↓"], "walk the members of a cause"),
    (&["Enter"], "open the row"),
    (&["Esc"], "close what is open"),
    (&["f"], "filter the events"),
    (&["Space"], "pause and resume live events"),
    (&["?"], "show these keys"),
];

fn page(letter: &str) -> Option<&'static str> {
    match letter {
        "o" => Some("/"),
        "e" => Some("/events"),
        "c" => Some("/consumers"),
        "d" => Some("/dead-letters"),
        "r" => Some("/replays"),
        "a" => Some("/alerts"),
        "s" => Some("/sql"),
        "y" => Some("/system"),
        _ => None,
    }
}

/// A key as the browser tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key<'a> {
    /// The character or the name.
    pub(crate) name: &'a str,
    /// Ctrl or Cmd.
    pub(crate) control: bool,
    /// Alt.
    pub(crate) alt: bool,
    /// Whether it is typed into a field.
    pub(crate) typing: bool,
    /// Whether something is focused that Enter and Space belong to.
    pub(crate) pressing: bool,
}

/// What a key means after the one before it.
pub(crate) fn command(before: Option<&str>, key: Key<'_>) -> Option<Command> {
    match key.name {
        "k" | "K" if key.control => return Some(Command::Find),
        "Escape" => return Some(Command::Close),
        _ if key.control || key.alt || key.typing => return None,
        _ => {}
    }
    if before == Some("g") {
        return page(key.name).map(Command::Go);
    }
    match key.name {
        "/" => Some(Command::Find),
        "?" => Some(Command::Help),
        "j" => Some(Command::Down),
        "k" => Some(Command::Up),
        "f" => Some(Command::Filter),
        "Enter" if !key.pressing => Some(Command::Open),
        " " if !key.pressing => Some(Command::Pause),
        _ => None,
    }
}

type Listener = Rc<dyn Fn(Command) -> bool>;

/// Who listens to commands, newest last.
#[derive(Clone, Copy)]
pub(crate) struct Keyboard {
    listeners: StoredValue<Vec<(u32, Listener)>, LocalStorage>,
    before: StoredValue<Option<String>, LocalStorage>,
}

/// Makes [`use_commands`] work and listens to the window.
pub(crate) fn provide_keyboard() {
    let keyboard = Keyboard { listeners: StoredValue::new_local(Vec::new()), before: StoredValue::new_local(None) };
    provide_context(keyboard);
    let handle = window_event_listener(leptos::ev::keydown, move |event| keyboard.hear(&event));
    on_cleanup(move || handle.remove());
}

/// Listens to commands until the owner is gone. The listener says whether it took the command; what nobody takes goes to
/// the listener before.
pub(crate) fn use_commands(listener: impl Fn(Command) -> bool + 'static) {
    let keyboard = expect_context::<Keyboard>();
    let number = keyboard.listeners.with_value(|all| all.iter().map(|(number, _)| number + 1).max().unwrap_or(0));
    keyboard.listeners.update_value(|all| all.push((number, Rc::new(listener))));
    on_cleanup(move || {
        keyboard.listeners.try_update_value(|all| all.retain(|(other, _)| *other != number));
    });
}

impl Keyboard {
    fn hear(self, event: &KeyboardEvent) {
        if event.default_prevented() || event.is_composing() {
            return;
        }
        let name = event.key();
        let key = Key {
            name: &name,
            control: event.ctrl_key() || event.meta_key(),
            alt: event.alt_key(),
            typing: focused_is("input, textarea, select, [contenteditable]"),
            pressing: focused_is("button, a, summary, [role=button], [role=option]"),
        };
        let before = self.before.get_value();
        let heard = command(before.as_deref(), key);
        self.before.set_value((heard.is_none() && !key.typing).then(|| name.clone()));
        if heard.is_some_and(|command| self.tell(command)) {
            event.prevent_default();
        }
    }

    fn tell(self, command: Command) -> bool {
        let listeners: Vec<Listener> =
            self.listeners.with_value(|all| all.iter().rev().map(|(_, one)| Rc::clone(one)).collect());
        listeners.into_iter().any(|listener| listener(command))
    }
}

fn focused_is(selector: &str) -> bool {
    document().active_element().is_some_and(|element| element.matches(selector).unwrap_or(false))
}

/// Takes the focus away from a field.
pub(crate) fn blur() {
    if let Some(element) =
        document().active_element().and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok())
    {
        let _only_fails_when_it_is_gone = element.blur();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key<'_> {
        Key { name, control: false, alt: false, typing: false, pressing: false }
    }

    #[test]
    fn g_and_a_letter_go_to_a_page() {
        assert_eq!(command(None, key("g")), None);
        assert_eq!(command(Some("g"), key("e")), Some(Command::Go("/events")));
        assert_eq!(command(Some("g"), key("a")), Some(Command::Go("/alerts")));
        assert_eq!(command(Some("g"), key("k")), None);
        assert_eq!(command(Some("x"), key("e")), None);
    }

    #[test]
    fn what_is_typed_into_a_field_is_no_command_but_escape_and_control_k_are() {
        let typed = |name| Key { typing: true, ..key(name) };
        assert_eq!(command(None, typed("j")), None);
        assert_eq!(command(None, typed("?")), None);
        assert_eq!(command(None, typed("Escape")), Some(Command::Close));
        assert_eq!(command(None, Key { control: true, ..typed("k") }), Some(Command::Find));
    }

    #[test]
    fn enter_on_a_link_belongs_to_the_link() {
        assert_eq!(command(None, Key { pressing: true, ..key("Enter") }), None);
        assert_eq!(command(None, key("Enter")), Some(Command::Open));
    }

    #[test]
    fn the_browser_keeps_its_own_keys() {
        assert_eq!(command(None, Key { control: true, ..key("j") }), None);
        assert_eq!(command(None, Key { alt: true, ..key("f") }), None);
    }
}
