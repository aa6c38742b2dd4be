//! Asking a running server, for the commands that need one.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tapline_api::{Chain, EventSummary, Problem, SqlAnswer, SqlRequest};

use crate::config::Config;
use crate::exit::Fault;

/// A server and the token for it.
pub(crate) struct Client {
    base: String,
    token: Option<String>,
    agent: ureq::Agent,
}

impl Client {
    /// For an explicit URL or the configured address.
    pub(crate) fn new(url: Option<&str>, config: &Config) -> Result<Self, Fault> {
        let base =
            url.map_or_else(|| format!("http://{}", config.http.listen), |url| url.trim_end_matches('/').to_owned());
        let read = |path: &std::path::PathBuf| {
            std::fs::read_to_string(path)
                .map(|text| text.trim().to_owned())
                .map_err(|error| Fault::Unreachable(format!("cannot read the token file {}: {error}", path.display())))
        };
        let token = config.http.token_file.as_ref().map(read).transpose()?;
        let settings =
            ureq::Agent::config_builder().timeout_connect(Some(Duration::from_secs(2))).http_status_as_error(false);
        Ok(Self { base, token, agent: settings.build().new_agent() })
    }

    /// Whether a Tapline server answers.
    pub(crate) fn answers(&self) -> bool {
        self.agent.get(format!("{}/healthz", self.base)).call().is_ok_and(|answer| answer.status().is_success())
    }

    /// `POST /api/v1/sql`.
    pub(crate) fn sql(&self, request: &SqlRequest) -> Result<SqlAnswer, Fault> {
        let body = serde_json::to_string(request).map_err(anyhow::Error::from)?;
        let call = self.authorised(self.agent.post(format!("{}/api/v1/sql", self.base)));
        let answer = call.header("content-type", "application/json").header("accept", "application/json").send(body);
        self.read(answer)
    }

    /// `GET /api/v1/chains/{id}`.
    pub(crate) fn chain(&self, id: &str) -> Result<Chain, Fault> {
        self.read(self.authorised(self.agent.get(format!("{}/api/v1/chains/{}", self.base, encode(id)))).call())
    }

    /// `GET` below `/api/v1`.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Fault> {
        self.read(self.authorised(self.agent.get(self.url(path, query))).call())
    }

    /// `GET` below `/api/v1`, one page after the other, until there are so many rows or no more; `take` opens a page. What
    /// comes next is answered too.
    pub(crate) fn pages<P: DeserializeOwned, T>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        limit: usize,
        page: usize,
        mut take: impl FnMut(P) -> (Vec<T>, Option<String>),
    ) -> Result<(Vec<T>, Option<String>), Fault> {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let size = limit.saturating_sub(all.len()).clamp(1, page).to_string();
            let place = cursor.iter().map(|cursor| ("cursor", cursor.as_str()));
            let query: Vec<(&str, &str)> =
                query.iter().copied().chain([("limit", size.as_str())]).chain(place).collect();
            let (rows, next) = take(self.get(path, &query)?);
            all.extend(rows);
            if next.is_none() || all.len() >= limit {
                return Ok((all, next));
            }
            cursor = next;
        }
    }

    /// `POST` below `/api/v1`.
    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Fault> {
        let body = serde_json::to_string(body).map_err(anyhow::Error::from)?;
        let call = self.authorised(self.agent.post(self.url(path, &[])));
        self.read(call.header("content-type", "application/json").send(body))
    }

    /// `DELETE` below `/api/v1`, which answers nothing.
    pub(crate) fn delete(&self, path: &str, query: &[(&str, &str)]) -> Result<(), Fault> {
        let call = self.authorised(self.agent.delete(self.url(path, query)));
        let answer =
            call.header("content-type", "application/json").call().map_err(|error| self.unreachable(&error))?;
        if answer.status().is_success() { Ok(()) } else { self.read(Ok(answer)) }
    }

    fn url(&self, path: &str, query: &[(&str, &str)]) -> String {
        let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let mark = if pairs.is_empty() { "" } else { "?" };
        format!("{}/api/v1/{path}{mark}{}", self.base, pairs.join("&"))
    }

    /// `GET /api/v1/events/tail`: hands over batches until `take` says false or the server ends.
    pub(crate) fn tail(&self, query: &[(&str, &str)], mut take: impl FnMut(Tailed) -> bool) -> Result<(), Fault> {
        let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let url = format!("{}/api/v1/events/tail?{}", self.base, pairs.join("&"));
        let answer = self.authorised(self.agent.get(url)).call().map_err(|error| self.unreachable(&error))?;
        if !answer.status().is_success() {
            return self.read(Ok(answer));
        }
        let (mut event, lines) = (String::new(), BufReader::new(answer.into_body().into_reader()).lines());
        for line in lines {
            let line = line.map_err(|error| Fault::Unreachable(format!("the server ended the stream: {error}")))?;
            if let Some(name) = line.strip_prefix("event:") {
                name.trim().clone_into(&mut event);
            } else if let Some(data) = line.strip_prefix("data:")
                && let Some(tailed) = Tailed::read(&event, data)?
                && !take(tailed)
            {
                return Ok(());
            }
        }
        Ok(())
    }

    fn authorised<B>(&self, call: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.token {
            Some(token) => call.header("authorization", format!("Bearer {token}")),
            None => call,
        }
    }

    fn read<T: DeserializeOwned>(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<T, Fault> {
        let mut answer = answer.map_err(|error| self.unreachable(&error))?;
        let failed = !answer.status().is_success();
        let body =
            answer.body_mut().with_config().limit(1 << 30).read_to_vec().map_err(|error| self.unreachable(&error))?;
        if failed {
            let problem: Problem = serde_json::from_slice(&body).map_err(anyhow::Error::from)?;
            return Err(Fault::Refused(problem.detail));
        }
        Ok(serde_json::from_slice(&body).map_err(anyhow::Error::from)?)
    }

    fn unreachable(&self, error: &ureq::Error) -> Fault {
        Fault::Unreachable(format!(
            "no tapline server answers at {}: {error}; start one or name it by --server",
            self.base
        ))
    }
}

/// What a live tail hands over.
pub(crate) enum Tailed {
    Events(Vec<EventSummary>),
    Dropped(u64),
}

impl Tailed {
    fn read(event: &str, data: &str) -> Result<Option<Self>, Fault> {
        let fault = |error: serde_json::Error| Fault::Other(error.into());
        Ok(match event {
            "events" => Some(Self::Events(serde_json::from_str(data).map_err(fault)?)),
            "dropped" => Some(Self::Dropped(serde_json::from_str::<tapline_api::Dropped>(data).map_err(fault)?.count)),
            _ => None,
        })
    }
}

/// A segment of a path, or a value of a query.
pub(crate) fn encode(text: &str) -> percent_encoding::PercentEncode<'_> {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
}
