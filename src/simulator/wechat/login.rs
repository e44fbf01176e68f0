//! `GET /sns/jscode2session`, and the codes that `wx.login` hands a mini-program.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use serde_json::{Value, json};

use super::app::AppKind;
use super::quota::Limits;
use super::request::Incoming;
use super::state::State;
use super::trouble::{Refused, Trouble};
use super::turn::Turn;

const LIVES: TimeDelta = TimeDelta::minutes(5);

/// A person who has just signed in.
#[derive(Debug, Clone)]
pub(super) struct Login {
    appid: String,
    person: String,
    until: DateTime<Utc>,
}

impl State {
    /// What `wx.login` would have handed the mini-program: five minutes, for one use.
    pub fn login_code(
        &mut self,
        appid: &str,
        person: &str,
        now: DateTime<Utc>,
    ) -> Result<String, Refused> {
        let app = self.apps.get(appid).filter(|app| app.kind == AppKind::Mp);
        app.ok_or(Refused::NoSuch("mini-program"))?;
        self.person(person)?;
        let code = format!("0{}", self.alphanumeric(31));
        let login =
            Login { appid: appid.to_owned(), person: person.to_owned(), until: now + LIVES };
        self.logins.insert(code.clone(), login);
        Ok(code)
    }
}

/// Who signed in.
pub(super) fn session(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let parameter = |name| incoming.parameter(name).filter(|_| !incoming.is_post());
    let appid = parameter("appid").ok_or_else(|| Trouble::new(41002, "appid missing"))?;
    let secret = parameter("secret").ok_or_else(|| Trouble::new(41004, "appsecret missing"))?;
    let code = parameter("js_code").ok_or_else(|| Trouble::new(41008, "missing code"))?;
    if parameter("grant_type") != Some("authorization_code") {
        return Err(Trouble::new(40002, "invalid grant_type"));
    }
    let app = turn.state.apps.get(appid).filter(|app| app.kind == AppKind::Mp);
    let app = app.ok_or_else(|| Trouble::new(40013, "invalid appid"))?;
    if app.secret != secret {
        return Err(Trouble::new(40125, "invalid appsecret"));
    }
    appid.clone_into(&mut turn.appid);
    let invalid = || Trouble::new(40029, "invalid code");
    let theirs = turn.state.logins.get(code).is_some_and(|login| login.appid == appid);
    let login = if theirs { turn.state.logins.remove(code) } else { None };
    let login = login.filter(|login| turn.now < login.until).ok_or_else(invalid)?;
    let limits = Limits { per_day: None, per_minute: Some(100) };
    turn.state.quotas.spend(&login.person, "sns/jscode2session", limits, turn.now)?;
    if turn.state.risky.contains(&login.person) {
        return Err(Trouble::new(40226, "code blocked"));
    }
    let key: [u8; 16] = turn.state.rng.random();
    let openid = turn.state.openid(appid, &login.person);
    let mut answer = json!({ "openid": openid, "session_key": STANDARD.encode(key) });
    if let Some(union_id) = turn.state.union_id(appid, &login.person) {
        answer["unionid"] = json!(union_id);
    }
    Ok(answer)
}
