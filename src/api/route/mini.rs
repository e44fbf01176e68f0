//! What people ask through a mini-program: everything under `/v1/mini`.

use super::Route;
use crate::api::mini_session::{self, LoginBody, OpenedView, VisitorView};

/// For people.
pub const MINI: &[Route] = super::routes! {
    post "/v1/mini/sessions" [Nothing] => mini_session::open,
        "Logs somebody in", takes LoginBody, gives 201 OpenedView;
    get "/v1/mini/sessions/current" [Holder] => mini_session::current,
        "Who I am", gives 200 VisitorView;
    delete "/v1/mini/sessions/current" [Holder] => mini_session::close, "Logs out", gives 204;
};
