//! The configured rules about identifiers, ready to be asked for each field.

use std::collections::{HashMap, HashSet};

use tapline_model::id::normal_name;

use crate::rules::IdRules;

/// What a rule says about a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is an identifier.
    Add,
    /// It is none.
    Exclude,
}

/// [`IdRules`] by normal name. Without rules every question is answered without looking at the name.
#[derive(Debug, Default)]
pub(crate) struct CompiledIdRules {
    add: HashSet<String>,
    exclude: HashSet<String>,
    rename: HashMap<String, String>,
}

impl CompiledIdRules {
    pub(crate) fn new(rules: &IdRules) -> Self {
        let normal = |name: &String| normal_name(name).into_owned();
        Self {
            add: rules.add.iter().map(normal).collect(),
            exclude: rules.exclude.iter().map(normal).collect(),
            rename: rules.rename.iter().map(|(from, to)| (normal(from), to.clone())).collect(),
        }
    }

    /// Without rules names need not be looked at.
    pub(crate) fn is_empty(&self) -> bool {
        self.add.is_empty() && self.exclude.is_empty()
    }

    /// Whether a field must be offered even if its name tells nothing.
    pub(crate) fn may_add(&self) -> bool {
        !self.add.is_empty()
    }

    /// Exclusion wins. The name is asked alone and behind the field that holds the enclosing object.
    pub(crate) fn verdict(&self, owner: Option<&str>, name: &str) -> Option<Verdict> {
        if self.is_empty() {
            return None;
        }
        let alone = normal_name(name);
        let owned = owner.map(|owner| normal_name(owner).into_owned() + &alone);
        let listed = |names: &HashSet<String>| {
            names.contains(&*alone) || owned.as_ref().is_some_and(|name| names.contains(name))
        };
        if listed(&self.exclude) {
            return Some(Verdict::Exclude);
        }
        listed(&self.add).then_some(Verdict::Add)
    }

    /// The name under which `name` is stored.
    pub(crate) fn renamed<'a>(&'a self, name: &'a str) -> &'a str {
        if self.rename.is_empty() {
            return name;
        }
        self.rename.get(&*normal_name(name)).map_or(name, String::as_str)
    }
}
