//! What programs can call: jq's standard library without what reads the clock, the process or a file, or ends the latter.
//!
//! Definitions in jq come from the interpreter's libraries and `functions/defs.jq`, native ones from its libraries and
//! the modules here. A program sees nothing but the event, so that what is sent is what was planned and looked at.

mod regex;
mod scalar;
mod structure;

use jaq_core::data::{DataT, HasLut};
use jaq_core::load::parse::Def;
use jaq_core::native::Fun;
use jaq_core::{Lut, load};

use crate::meter;
use crate::value::Val;

pub(crate) use regex::Regexes;

/// Ties the interpreter to our values.
pub(crate) struct Program;

impl DataT for Program {
    type V<'a> = Val;
    type Data<'a> = Run<'a>;
}

/// What a run has at hand.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    pub(crate) lut: &'a Lut<Program>,
    pub(crate) regexes: &'a Regexes,
}

impl<'a> HasLut<'a, Program> for Run<'a> {
    /// The interpreter asks for this whenever it evaluates a term: where a run is counted, and stopped.
    fn lut(&self) -> &'a Lut<Program> {
        meter::steps(1);
        meter::bytes(meter::TERM);
        self.lut
    }
}

/// Of the interpreter's definitions those that need natives which are left out.
const LEFT_OUT: [&str; 16] = [
    "stderr",
    "debug",
    "halt",
    "halt_error",
    "isnan",
    "logb",
    "significand",
    "pow10",
    "drem",
    "nexttoward",
    "scalb",
    "gamma",
    "@html",
    "@htmld",
    "todate",
    "fromdate",
];

/// Of the interpreter's natives those that are left out, or replaced: `halt` ends the process.
const LEFT_OUT_NATIVES: [&str; 3] = ["halt", "path", "path_value"];

/// Definitions in jq.
pub(crate) fn defs() -> impl Iterator<Item = Def<&'static str>> {
    let library = jaq_core::defs().chain(jaq_std::defs()).filter(|def| !LEFT_OUT.contains(&def.name));
    let own = load::parse(include_str!("functions/defs.jq"), |parser| parser.defs());
    library.chain(own.unwrap_or_default())
}

/// Native functions.
pub(crate) fn funs() -> impl Iterator<Item = Fun<Program>> {
    let library = jaq_core::funs().chain(jaq_std::base_funs());
    let library = library.filter(|(name, ..)| !LEFT_OUT_NATIVES.contains(name));
    library.chain(scalar::funs()).chain(structure::funs()).chain(regex::funs())
}

/// What to do about a name that is not known.
pub(crate) fn advice(name: &str) -> &'static str {
    match name {
        "now" | "localtime" | "strflocaltime" | "mktime" | "gmtime" | "strftime" | "strptime" | "date" => {
            "a program cannot ask for the time, so that it does the same whenever it runs; `todate` and `fromdate` \
             convert seconds and RFC 3339"
        }
        "input" | "inputs" | "input_filename" | "input_line_number" | "env" | "$ENV" | "$__loc__"
        | "get_search_list" => "a program sees nothing but the event, which is `.`",
        "debug" | "stderr" | "halt" | "halt_error" => "use `error(..)` to stop with words",
        _ => "correct the name or the number of arguments",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_left_out_was_there() {
        let names: Vec<&str> = jaq_core::defs().chain(jaq_std::defs()).map(|def| def.name).collect();
        assert_eq!(LEFT_OUT.iter().find(|name| !names.contains(name)), None);
        let natives: Vec<&str> =
            jaq_core::funs::<Program>().chain(jaq_std::base_funs()).map(|(name, ..)| name).collect();
        assert_eq!(LEFT_OUT_NATIVES.iter().find(|name| !natives.contains(name)), None);
    }

    #[test]
    fn our_definitions_are_read() {
        assert!(load::parse(include_str!("functions/defs.jq"), |parser| parser.defs()).is_some());
    }
}
