//! What failed, as sentences: the server's own problem, or what kept its answer from coming.

use tapline_api::Problem;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What failed, in a few words.
    pub(crate) title: String,
    /// Why, and what to do.
    pub(crate) detail: String,
    /// Stable word, such as `sql_syntax`; `network` and `answer` are the page's own.
    pub(crate) code: String,
    /// Line and column in the SQL text, from 1.
    pub(crate) place: Option<(u32, u32)>,
    /// Whether the same call may succeed later.
    pub(crate) retryable: bool,
}

impl Failure {
    /// The server did not answer at all.
    pub(crate) fn network() -> Self {
        Self {
            title: "Tapline does not answer".to_owned(),
            detail: "The server is stopped, restarting or out of reach. What is shown is from before.".to_owned(),
            code: "network".to_owned(),
            place: None,
            retryable: true,
        }
    }

    /// The answer is not what this version of the page reads.
    pub(crate) fn answer(path: &str, why: &str) -> Self {
        Self {
            title: "The answer could not be read".to_owned(),
            detail: format!("`{path}` answered in another shape than this page knows ({why}). Reload the page."),
            code: "answer".to_owned(),
            place: None,
            retryable: false,
        }
    }

    /// What an answer with an error status says: a problem document, else its status.
    pub(crate) fn of(status: u16, body: &str) -> Self {
        match serde_json::from_str::<Problem>(body) {
            Ok(problem) => Self {
                title: problem.title,
                detail: problem.detail,
                code: problem.code,
                place: problem.line.map(|line| (line, problem.column.unwrap_or(1))),
                retryable: problem.retryable,
            },
            Err(_) => Self::without_words(status),
        }
    }

    fn without_words(status: u16) -> Self {
        let detail = match status {
            404 => "This server does not know the call: it is of another version than the page. Reload the page.",
            401 | 403 => "The server wants a token that this page does not have.",
            502..=504 => "What stands before the server says that it is not ready yet.",
            _ => "The server did not say why. Its log does.",
        };
        Self {
            title: format!("Status {status}"),
            detail: detail.to_owned(),
            code: format!("http_{status}"),
            place: None,
            retryable: status >= 500,
        }
    }

    /// Whether nobody answered: the frame says so for the whole page.
    pub(crate) fn is_network(&self) -> bool {
        self.code == "network"
    }

    /// Everything, to be copied into a message to a colleague.
    pub(crate) fn to_copy(&self, what: &str) -> String {
        let place = self.place.map(|(line, column)| format!("\nline {line}, column {column}")).unwrap_or_default();
        format!("{}: {}\n{}\ncode {}{place}", what, self.title, self.detail, self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_keeps_its_words_and_place() {
        let body = r#"{"code":"sql_syntax","title":"SQL cannot be read","status":400,"detail":"expected FROM","retryable":false,"line":2,"column":7}"#;
        let failure = Failure::of(400, body);
        assert_eq!((failure.code.as_str(), failure.place), ("sql_syntax", Some((2, 7))));
        assert!(failure.to_copy("SQL").ends_with("line 2, column 7"));
    }

    #[test]
    fn an_answer_without_words_still_says_what_to_do() {
        let failure = Failure::of(503, "<html>bad gateway</html>");
        assert!(failure.retryable && failure.detail.contains("not ready"));
        assert!(!Failure::of(404, "").retryable);
    }
}
