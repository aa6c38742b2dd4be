//! Effects and memos that are compiled once, not once a closure: Leptos' own carry half a kilobyte of program for each
//! place that makes one.

use leptos::prelude::*;

/// Acts now, and again whenever a signal that it reads changes.
pub(crate) fn effect(act: impl FnMut() + 'static) {
    fn boxed(mut act: Box<dyn FnMut()>) {
        Effect::new(move |_: Option<()>| act());
    }
    boxed(Box::new(act));
}

/// A value that follows others, told on only when it has become another.
pub(crate) fn memo<T>(of: impl Fn() -> T + Send + Sync + 'static) -> Memo<T>
where
    T: PartialEq + Send + Sync + 'static,
{
    fn boxed<T>(of: Box<dyn Fn() -> T + Send + Sync>) -> Memo<T>
    where
        T: PartialEq + Send + Sync + 'static,
    {
        Memo::new(move |_| of())
    }
    boxed(Box::new(of))
}
