//! Coloured text: SQL and TOML by small lexers. Every piece is a text node; what a lexer does not know stays plain.

use leptos::prelude::*;

pub(crate) mod sql;
pub(crate) mod toml;

/// What a piece of code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    /// A key of a table or object.
    Key,
    /// A string.
    Text,
    /// A number.
    Number,
    /// A word of the language.
    Word,
    /// A comment.
    Note,
    /// Anything else.
    Plain,
}

impl Token {
    /// The class of styles/code.css.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Key => "k",
            Self::Text => "s",
            Self::Number => "nb",
            Self::Word => "w",
            Self::Note => "c",
            Self::Plain => "",
        }
    }
}

/// What a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// PostgreSQL's dialect.
    Sql,
    /// Configuration.
    Toml,
    /// A shell.
    Shell,
}

/// A text in colours.
#[component]
pub(crate) fn Code(
    /// What it is written in.
    language: Language,
    /// The text.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    let pieces = match language {
        Language::Sql => sql::tokens(&text),
        Language::Toml => toml::tokens(&text),
        Language::Shell => vec![(Token::Plain, text.as_str())],
    };
    pieces
        .into_iter()
        .map(|(token, piece)| match token {
            Token::Plain => piece.to_owned().into_any(),
            _ => view! { <span class=token.class()>{piece.to_owned()}</span> }.into_any(),
        })
        .collect_view()
}
