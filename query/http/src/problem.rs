//! Every refusal and failure as `application/problem+json`: the stable words, their status, and what to do.
//!
//! Owns the list of codes; docs/errors.md is held against it by a test. Where a fault arises, its module picks the
//! code and writes the sentence.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tapline_api::Problem;
use tapline_archive::ArchiveError;
use tapline_model::address::AddressError;
use tapline_model::columns::ColumnError;
use tapline_model::time::TimeError;

use crate::words::sentence;

macro_rules! codes {
    ($($name:ident $word:literal $status:ident $retry:literal $title:literal;)+) => {
        /// A stable word of the contract. Scripts match on it: never renamed, never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code { $($name,)+ }

        impl Code {
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// As it stands in `code`.
            pub(crate) const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// The code of a word that another crate speaks.
            pub(crate) fn of(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)+ _ => None }
            }

            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// Whether the same call may succeed later.
            const fn retryable(self) -> bool {
                match self { $(Self::$name => $retry,)+ }
            }
        }
    };
}

codes! {
    BadParameter "bad_parameter" BAD_REQUEST false "A parameter cannot be read";
    UnknownParameter "unknown_parameter" BAD_REQUEST false "There is no such parameter";
    BadEncoding "bad_encoding" BAD_REQUEST false "The address is not percent-encoded UTF-8";
    BadTime "bad_time" BAD_REQUEST false "A time cannot be read";
    BadCursor "bad_cursor" BAD_REQUEST false "The cursor cannot be read";
    BadFilter "bad_filter" BAD_REQUEST false "A filter cannot be read";
    BadAddress "bad_address" BAD_REQUEST false "The address of an event cannot be read";
    BadId "bad_id" BAD_REQUEST false "The ID cannot be read";
    BadJson "bad_json" BAD_REQUEST false "The body cannot be read";
    BadHost "bad_host" MISDIRECTED_REQUEST false "The host name is not one of this server's";
    ForeignOrigin "foreign_origin" FORBIDDEN false "The call comes from another site's page";
    TokenRequired "token_required" UNAUTHORIZED false "A token is required";
    WrongToken "wrong_token" UNAUTHORIZED false "The token is not the configured one";
    TooManyAttempts "too_many_attempts" TOO_MANY_REQUESTS true "Too many wrong tokens";
    UnknownPath "unknown_path" NOT_FOUND false "There is no such path";
    EventNotFound "event_not_found" NOT_FOUND false "The archive does not hold the event";
    IdNotFound "id_not_found" NOT_FOUND false "Nothing holds the ID";
    CauseNotFound "cause_not_found" NOT_FOUND false "No dead letter has the fingerprint";
    GroupNotFound "group_not_found" NOT_FOUND false "There is no such consumer group";
    AlertNotFound "alert_not_found" NOT_FOUND false "There is no such rule, silence or channel";
    AlertRuleInFile "alert_rule_in_file" CONFLICT false "The rule stands in the configuration file";
    BadAlertRule "bad_alert_rule" UNPROCESSABLE_ENTITY false "The rule cannot be used";
    BadSilence "bad_silence" UNPROCESSABLE_ENTITY false "The silence cannot be used";
    BadGrouping "bad_grouping" BAD_REQUEST false "The cause cannot be grouped so";
    BadReplay "bad_replay" BAD_REQUEST false "The replay cannot be planned so";
    ReplayNotFound "replay_not_found" NOT_FOUND false "There is no such replay";
    ReplayState "replay_state" CONFLICT false "The replay does not stand so";
    PlanStale "plan_stale" CONFLICT false "The plan no longer holds";
    ReplayRefused "replay_refused" UNPROCESSABLE_ENTITY false "The replay may not start";
    EnvironmentRequired "environment_required" FORBIDDEN false "The environment has to be named";
    SecondPerson "second_person" FORBIDDEN false "A second person has to confirm the plan";
    SourceUnreachable "source_unreachable" SERVICE_UNAVAILABLE true "The broker does not answer";
    NoDemo "no_demo" NOT_FOUND false "This is no demo";
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED false "The path does not know this method";
    NotAcceptable "not_acceptable" NOT_ACCEPTABLE false "The answer has no such format";
    BodyTooLarge "body_too_large" PAYLOAD_TOO_LARGE false "The body is too large";
    UriTooLong "uri_too_long" URI_TOO_LONG false "The address is too long";
    JsonRequired "json_required" UNSUPPORTED_MEDIA_TYPE false "The content type is not JSON";
    TooSlow "too_slow" UNPROCESSABLE_ENTITY false "The search takes too long";
    TooManyTails "too_many_tails" TOO_MANY_REQUESTS true "Too many live tails are open";
    Overloaded "overloaded" SERVICE_UNAVAILABLE true "Too much is asked at once";
    Timeout "timeout" SERVICE_UNAVAILABLE true "The answer took too long";
    NotReady "not_ready" SERVICE_UNAVAILABLE true "The server is not ready";
    SqlSyntax "sql_syntax" BAD_REQUEST false "SQL cannot be read";
    SqlPlanning "sql_planning" BAD_REQUEST false "The query does not fit the tables";
    SqlRefused "sql_refused" BAD_REQUEST false "The statement is not a question";
    SqlValue "sql_value" BAD_REQUEST false "A value cannot be computed";
    SqlTimeout "sql_timeout" REQUEST_TIMEOUT true "The query takes too long";
    SqlMemory "sql_memory" UNPROCESSABLE_ENTITY false "The query needs too much memory";
    SqlBusy "sql_busy" TOO_MANY_REQUESTS true "Too many queries run";
    ArchiveDamaged "archive_damaged" INTERNAL_SERVER_ERROR true "A data file is damaged";
    ArchiveUnreadable "archive_unreadable" INTERNAL_SERVER_ERROR true "The archive cannot be read";
    StateUnavailable "state_unavailable" INTERNAL_SERVER_ERROR true "What people decided cannot be read or written";
    Internal "internal" INTERNAL_SERVER_ERROR false "The server has a fault";
}

/// A call that is not answered as asked: a code, and the sentence for this case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) detail: String,
    /// Line and column in an SQL text, from 1.
    pub(crate) place: Option<(u32, u32)>,
}

impl Refusal {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), place: None }
    }

    /// A fault of ours: the log gets the cause, the caller only that there is one.
    pub(crate) fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = cause, "a call failed by a fault of the server");
        Self::new(Code::Internal, "This is a fault of Tapline, not of the call. The server's log says more.")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { code, detail, place } = self;
        let status = code.status();
        let problem = Problem {
            code: code.word().to_owned(),
            title: code.title().to_owned(),
            status: status.as_u16(),
            detail: sentence(&detail),
            retryable: code.retryable(),
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match code {
            Code::TokenRequired | Code::WrongToken => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tapline\""));
            }
            Code::Overloaded | Code::TooManyTails | Code::NotReady | Code::SqlBusy => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Code::TooManyAttempts => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            }
            _ => {}
        }
        response
    }
}

impl From<ArchiveError> for Refusal {
    fn from(error: ArchiveError) -> Self {
        match &error {
            ArchiveError::Damaged { .. } => Self::new(Code::ArchiveDamaged, error.to_string()),
            ArchiveError::Io { .. } | ArchiveError::Log { .. } | ArchiveError::NoIndex { .. } => {
                tracing::error!(error = &error as &dyn std::error::Error, "the archive cannot be read");
                Self::new(Code::ArchiveUnreadable, error.to_string())
            }
            _ => Self::internal(&error),
        }
    }
}

impl From<ColumnError> for Refusal {
    fn from(error: ColumnError) -> Self {
        Self::internal(&error)
    }
}

impl From<TimeError> for Refusal {
    fn from(error: TimeError) -> Self {
        Self::new(Code::BadTime, error.to_string())
    }
}

impl From<AddressError> for Refusal {
    fn from(error: AddressError) -> Self {
        Self::new(Code::BadAddress, error.to_string())
    }
}

impl From<tokio::task::JoinError> for Refusal {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::internal(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_codes_is_documented_line_by_line() {
        let documented: Vec<(&str, &str)> = include_str!("../../../docs/errors.md")
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
            .map(|(word, rest)| (word, rest.split(' ').next().unwrap_or_default()))
            // Fields of a problem stand in a table of their own.
            .filter(|(_, status)| status.parse::<u16>().is_ok())
            .collect();
        let known: Vec<(&str, String)> =
            Code::ALL.iter().map(|code| (code.word(), code.status().as_u16().to_string())).collect();
        let known: Vec<(&str, &str)> = known.iter().map(|(word, status)| (*word, status.as_str())).collect();
        assert_eq!(documented, known, "docs/errors.md names other codes, or in another order");
    }

    #[test]
    fn only_faults_of_ours_are_5xx() {
        for code in Code::ALL {
            let ours = matches!(
                code,
                Code::Internal
                    | Code::ArchiveDamaged
                    | Code::ArchiveUnreadable
                    | Code::StateUnavailable
                    | Code::Overloaded
                    | Code::Timeout
                    | Code::NotReady
                    | Code::SourceUnreachable
            );
            assert_eq!(code.status().is_server_error(), ours, "{}", code.word());
            assert_eq!(Code::of(code.word()), Some(*code));
        }
    }
}
