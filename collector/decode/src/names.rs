//! What a topic is for, by the names that a person has pinned or else by well-known spellings, which are the model's.
//!
//! A name is a candidate and nothing more: only headers make a record a dead letter (`dead_letter`).

pub use tapline_model::TopicRole;
use tapline_model::role::role;

/// Names a person has pinned; they win over the well-known spellings. `*` stands for any text; without case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicNames {
    /// Retry topics.
    pub retry: Vec<String>,
    /// Dead-letter topics.
    pub dead_letter: Vec<String>,
    /// Topics that are neither, whatever they are called.
    pub neither: Vec<String>,
}

impl TopicNames {
    /// The role of a topic by these names, else by the well-known spellings.
    pub fn role(&self, topic: &str) -> Option<TopicRole> {
        let pinned = |globs: &[String]| globs.iter().any(|glob| matches(glob, topic));
        if pinned(&self.neither) {
            None
        } else if pinned(&self.retry) {
            Some(TopicRole::Retry)
        } else if pinned(&self.dead_letter) {
            Some(TopicRole::DeadLetter)
        } else {
            role(topic)
        }
    }
}

/// A glob with `*` only: broker names hold no other characters that would need more.
fn matches(glob: &str, text: &str) -> bool {
    let mut parts = glob.split('*');
    let first = parts.next().unwrap_or_default();
    let start = text.as_bytes().get(..first.len());
    if !start.is_some_and(|start| start.eq_ignore_ascii_case(first.as_bytes())) {
        return false;
    }
    let mut rest = &text.as_bytes()[first.len()..];
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let found = rest.windows(part.len().max(1)).position(|at| at.eq_ignore_ascii_case(part.as_bytes()));
        match (part.is_empty(), found) {
            (true, _) => {}
            (false, Some(at)) => rest = &rest[at + part.len()..],
            (false, None) => return false,
        }
    }
    rest.len() >= last.len() && rest[rest.len() - last.len()..].eq_ignore_ascii_case(last.as_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pinned_names_win() {
        let names = TopicNames {
            retry: vec!["again.*".into()],
            dead_letter: vec!["*.graveyard.*".into(), "morgue".into()],
            neither: vec!["dead.sea.scrolls".into()],
        };
        assert_eq!(names.role("again.orders"), Some(TopicRole::Retry));
        assert_eq!(names.role("eu.Graveyard.orders"), Some(TopicRole::DeadLetter));
        assert_eq!(names.role("morgue"), Some(TopicRole::DeadLetter));
        assert_eq!(names.role("morgue2"), None);
        assert_eq!(names.role("dead.sea.scrolls"), None);
        assert_eq!(names.role("x.dlq"), Some(TopicRole::DeadLetter));
    }

    proptest! {
        #[test]
        fn any_name_and_glob_are_read(topic in "\\PC{0,40}", glob in "[a-z*.é]{0,8}") {
            let names = TopicNames { retry: vec![glob], ..TopicNames::default() };
            let _ = names.role(&topic);
        }

        #[test]
        fn a_name_matches_itself_and_its_prefix(topic in "\\PC{0,20}", more in "\\PC{0,20}") {
            prop_assume!(!topic.contains('*'));
            prop_assert!(matches(&topic, &topic));
            let glob = format!("{topic}*");
            let longer = format!("{topic}{more}");
            prop_assert!(matches(&glob, &longer));
        }
    }
}
