//! The three ways in which a rule asks. Pure.

/// How a rule asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Asks {
    /// One of the conditions that Tapline knows.
    #[default]
    Condition,
    /// PromQL.
    Expr,
    /// A query.
    Sql,
}

impl Asks {
    /// As the choice is named.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Condition => "condition",
            Self::Expr => "expr",
            Self::Sql => "sql",
        }
    }

    /// The reverse of [`Self::word`].
    pub(super) fn of(word: &str) -> Self {
        match word {
            "expr" => Self::Expr,
            "sql" => Self::Sql,
            _ => Self::Condition,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Asks;

    #[test]
    fn the_words_of_the_choice_are_read_back() {
        for asks in [Asks::Condition, Asks::Expr, Asks::Sql] {
            assert_eq!(Asks::of(asks.word()), asks);
        }
    }
}
