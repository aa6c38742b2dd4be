//! `POST /api/v1/demo/fix`: what a demo can do that no real system lets Tapline do.

use std::fmt::Debug;

use axum::Json;
use axum::extract::State;
use tapline_api::DemoFixed;

use crate::params::Params;
use crate::problem::{Code, Refusal};
use crate::state::App;

/// The fix of the demo's payments.
pub trait DemoFix: Debug + Send + Sync {
    /// From now on.
    fn deploy(&self);
    /// Whether it was.
    fn is_deployed(&self) -> bool;
}

/// Deploys the fix of the demo's payments.
#[utoipa::path(post, path = "/api/v1/demo/fix", tag = "operation", responses(
    (status = 200, body = DemoFixed),
    (status = 404, body = tapline_api::Problem, description = "this is no demo"),
))]
pub(crate) async fn fix(State(app): State<App>, params: Params) -> Result<Json<DemoFixed>, Refusal> {
    params.only(&[])?;
    let Some(fix) = &app.options.fix else {
        return Err(Refusal::new(Code::NoDemo, "only `tapline demo` has a fix to deploy"));
    };
    fix.deploy();
    Ok(Json(DemoFixed { fix_deployed: fix.is_deployed() }))
}
