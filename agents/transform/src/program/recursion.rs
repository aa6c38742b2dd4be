//! Finds definitions that hand filters to themselves.
//!
//! A filter that is handed over holds all that was handed over to who hands it. The interpreter makes a loop of calls in
//! the last place, so neither stack nor anything else ends such a chain before it is dropped, one call within another.
//! Only a definition can be called from within itself, never one that comes later, so each loop has a call like that.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::path::{Part, Path};

/// The call, as it stands in the program, and its number of arguments.
pub(super) fn with_filters<'p>(term: &Term<&'p str>) -> Option<(&'p str, usize)> {
    Search::default().term(term)
}

/// Definitions around a term that take filters: name and number of arguments.
#[derive(Default)]
struct Search<'p>(Vec<(&'p str, usize)>);

type Found<'p> = Option<(&'p str, usize)>;

impl<'p> Search<'p> {
    fn term(&mut self, term: &Term<&'p str>) -> Found<'p> {
        match term {
            Term::Id | Term::Recurse | Term::Num(_) | Term::Var(_) | Term::Break(_) | Term::Arr(None) => None,
            Term::Str(_, parts) => parts.iter().find_map(|part| match part {
                StrPart::Term(term) => self.term(term),
                StrPart::Str(_) | StrPart::Char(_) => None,
            }),
            Term::Arr(Some(inner)) | Term::Neg(inner) | Term::Label(_, inner) => self.term(inner),
            Term::Obj(fields) => {
                fields.iter().find_map(|(key, value)| self.term(key).or_else(|| self.term(value.as_ref()?)))
            }
            Term::BinOp(left, operator, right) => {
                let left = self.term(left).or_else(|| match operator {
                    BinaryOp::Pipe(Some(pattern)) => self.pattern(pattern),
                    _ => None,
                });
                left.or_else(|| self.term(right))
            }
            Term::Fold(_, values, pattern, steps) => {
                self.term(values).or_else(|| self.pattern(pattern)).or_else(|| self.all(steps))
            }
            Term::TryCatch(inner, catch) => self.term(inner).or_else(|| self.term(catch.as_deref()?)),
            Term::IfThenElse(cases, last) => {
                let cases = cases.iter().find_map(|(test, then)| self.term(test).or_else(|| self.term(then)));
                cases.or_else(|| self.term(last.as_deref()?))
            }
            Term::Def(defs, inner) => defs.iter().find_map(|def| self.def(def)).or_else(|| self.term(inner)),
            Term::Call(name, arguments) => {
                let call = (*name, arguments.len());
                if self.0.contains(&call) { Some(call) } else { self.all(arguments) }
            }
            Term::Path(inner, path) => self.term(inner).or_else(|| self.path(path)),
        }
    }

    fn all(&mut self, terms: &[Term<&'p str>]) -> Found<'p> {
        terms.iter().find_map(|term| self.term(term))
    }

    fn def(&mut self, def: &Def<&'p str>) -> Found<'p> {
        let takes_filters = def.args.iter().any(|argument| !argument.starts_with('$'));
        if !takes_filters {
            return self.term(&def.body);
        }
        self.0.push((def.name, def.args.len()));
        let found = self.term(&def.body);
        self.0.pop();
        found
    }

    fn pattern(&mut self, pattern: &Pattern<&'p str>) -> Found<'p> {
        match pattern {
            Pattern::Var(_) => None,
            Pattern::Arr(items) => items.iter().find_map(|item| self.pattern(item)),
            Pattern::Obj(fields) => {
                fields.iter().find_map(|(key, pattern)| self.term(key).or_else(|| self.pattern(pattern)))
            }
        }
    }

    fn path(&mut self, path: &Path<Term<&'p str>>) -> Found<'p> {
        path.0.iter().find_map(|(part, _)| match part {
            Part::Index(index) => self.term(index),
            Part::Range(from, to) => [from, to].into_iter().flatten().find_map(|bound| self.term(bound)),
        })
    }
}
