//! WeChat's own calls: path, method, what they need, and what they do.

use serde_json::{Value, json};

use super::card::{create, delete, read, stock, update};
use super::request::Incoming;
use super::trouble::Trouble;
use super::turn::Turn;
use super::{codes, colour, datacube, login, qrcode, token, upload, white_list};

/// What a call asks for before it looks at its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing: it proves itself.
    Nothing,
    /// A token.
    Token,
    /// A token of an account that may use cards.
    Cards,
}

/// What a call does, once everything before was in order.
type Act = fn(&mut Turn<'_>, &Incoming) -> Result<Value, Trouble>;

/// One documented call.
pub(super) struct Call {
    pub path: &'static str,
    pub is_post: bool,
    pub needs: Needs,
    /// Whether a success says nothing but what was asked.
    pub is_bare: bool,
    pub act: Act,
}

const fn post(path: &'static str, act: Act) -> Call {
    Call { path, is_post: true, needs: Needs::Cards, is_bare: false, act }
}

const fn get(path: &'static str, needs: Needs, act: Act) -> Call {
    Call { path, is_post: false, needs, is_bare: true, act }
}

const fn bare(path: &'static str, needs: Needs, act: Act) -> Call {
    Call { path, is_post: true, needs, is_bare: true, act }
}

pub(super) const LOGIN: &str = "/sns/jscode2session";
pub(super) const UPLOAD: &str = "/cgi-bin/media/uploadimg";
pub(super) const TICKET: &str = "/cgi-bin/ticket/getticket";

static CALLS: [Call; 26] = [
    get("/cgi-bin/token", Needs::Nothing, token::token),
    bare("/cgi-bin/stable_token", Needs::Nothing, token::stable_token),
    get(LOGIN, Needs::Nothing, login::session),
    Call { path: TICKET, is_post: false, needs: Needs::Cards, is_bare: false, act: token::ticket },
    get("/cgi-bin/getcallbackip", Needs::Token, callback_addresses),
    bare(UPLOAD, Needs::Token, upload::upload),
    post("/card/create", create::create),
    post("/card/get", read::get),
    post("/card/batchget", read::list),
    post("/card/update", update::update),
    post("/card/modifystock", stock::modify),
    post("/card/delete", delete::delete),
    post("/card/testwhitelist/set", white_list::set),
    get("/card/getcolors", Needs::Cards, |_, _| Ok(colour::all())),
    post("/card/code/get", codes::get::get),
    post("/card/code/consume", codes::consume::consume),
    post("/card/code/decrypt", codes::get::decrypt),
    post("/card/code/unavailable", codes::void::void),
    post("/card/code/update", codes::rename::rename),
    post("/card/code/deposit", codes::deposit::deposit),
    post("/card/code/getdepositcount", codes::deposit::count),
    post("/card/code/checkcode", codes::deposit::check),
    post("/card/user/getcardlist", codes::list::list),
    post("/card/qrcode/create", qrcode::create),
    bare("/datacube/getcardbizuininfo", Needs::Cards, datacube::of_account),
    bare("/datacube/getcardcardinfo", Needs::Cards, datacube::of_cards),
];

/// The call at a path.
pub(super) fn at(path: &str) -> Option<&'static Call> {
    CALLS.iter().find(|call| call.path == path)
}

#[expect(clippy::unnecessary_wraps, reason = "every call may fail")]
fn callback_addresses(_: &mut Turn<'_>, _: &Incoming) -> Result<Value, Trouble> {
    Ok(json!({ "ip_list": ["127.0.0.1"] }))
}
