//! JSON bodies of writes, and answers as JSON.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use crate::problem::{Code, Refusal};

/// A body that was read as JSON; faults are problems that name the place.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(refusal(&rejection)),
        }
    }
}

fn refusal(rejection: &JsonRejection) -> Refusal {
    let why = std::error::Error::source(rejection).map_or_else(|| rejection.to_string(), ToString::to_string);
    match rejection {
        JsonRejection::MissingJsonContentType(_) => {
            Refusal::new(Code::JsonRequired, "send the body with `content-type: application/json`")
        }
        JsonRejection::BytesRejection(_) if rejection.status() == Code::BodyTooLarge.status() => {
            Refusal::new(Code::BodyTooLarge, "a body may have 1 MiB")
        }
        _ => Refusal::new(Code::BadJson, format!("the body is not the JSON expected: {why}")),
    }
}
