//! Access tokens of both kinds, and the ticket that signs cards.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use super::app::{App, AppKind};
use super::day;
use super::effects::EffectKind;
use super::fields::Fields;
use super::quota::Limits;
use super::request::Incoming;
use super::state::State;
use super::trouble::Trouble;
use super::turn::Turn;

/// How long a superseded token lives on, and how early a stable one is renewed.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);

/// A token that was handed out.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub appid: String,
    is_stable: bool,
    expires: DateTime<Utc>,
    /// From when on it is not the latest any more.
    ended: Option<DateTime<Utc>>,
}

/// How often an app had its stable token refreshed by force.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forced {
    day: NaiveDate,
    times: u32,
    last: DateTime<Utc>,
}

/// A ticket that was handed out.
#[derive(Debug, Clone)]
pub(super) struct Ticket {
    pub appid: String,
    pub expires: DateTime<Utc>,
}

impl State {
    /// Whose token it is.
    pub fn app_of_token(&self, token: &str, now: DateTime<Utc>) -> Result<String, Trouble> {
        let known = self.tokens.get(token);
        let known = known.filter(|token| token.ended.is_none_or(|ended| now < ended));
        let Some(known) = known else {
            let words = "invalid credential, access_token is invalid or not latest";
            return Err(Trouble::new(40001, words));
        };
        if now >= known.expires {
            return Err(Trouble::new(42001, "access_token expired"));
        }
        Ok(known.appid.clone())
    }

    /// Ends the tokens of one app, or all.
    pub fn kill_tokens(&mut self, appid: Option<&str>) {
        self.tokens.retain(|_, token| appid.is_some_and(|appid| token.appid != appid));
    }

    /// Lets the tokens of one app, or all, run out now.
    pub fn expire_tokens(&mut self, appid: Option<&str>, now: DateTime<Utc>) {
        let tokens = self.tokens.values_mut();
        for token in tokens.filter(|token| appid.is_none_or(|appid| token.appid == appid)) {
            token.expires = token.expires.min(now);
        }
    }

    /// Ends the tickets of one app, or all; the next call makes a new one.
    pub fn rotate_tickets(&mut self, appid: Option<&str>) {
        self.tickets.retain(|_, ticket| appid.is_some_and(|appid| ticket.appid != appid));
    }

    fn mint(&mut self, appid: &str, is_stable: bool, now: DateTime<Utc>) -> (String, i64) {
        let lives = self.switches.token_ttl;
        let token = format!("{}_{}", 60 + lives % 10, self.alphanumeric(134));
        let kept = Token {
            appid: appid.to_owned(),
            is_stable,
            expires: now + TimeDelta::seconds(lives),
            ended: None,
        };
        self.tokens.insert(token.clone(), kept);
        (token, lives)
    }

    fn fresh_token(&mut self, appid: &str, now: DateTime<Utc>) -> (String, i64) {
        let earlier = self.tokens.values_mut().filter(|t| !t.is_stable && t.appid == appid);
        for token in earlier {
            token.ended.get_or_insert(now + OVERLAP);
        }
        self.mint(appid, false, now)
    }

    fn stable_token(&mut self, appid: &str, force: bool, now: DateTime<Utc>) -> (String, i64) {
        if force && self.may_force(appid, now) {
            self.tokens.retain(|_, token| !token.is_stable || token.appid != appid);
        }
        let lasts = |token: &Token| token.expires - now;
        let mut current: Vec<_> = self
            .tokens
            .iter()
            .filter(|(_, token)| token.is_stable && token.appid == appid && lasts(token) > OVERLAP)
            .collect();
        current.sort_by_key(|(_, token)| token.expires);
        match current.pop() {
            Some((name, token)) => (name.clone(), lasts(token).num_seconds()),
            None => self.mint(appid, true, now),
        }
    }

    /// Twenty times a day and thirty seconds apart.
    fn may_force(&mut self, appid: &str, now: DateTime<Utc>) -> bool {
        let today = day::of(now);
        let before = self.forced.get(appid).copied();
        let times = before.filter(|before| before.day == today).map_or(0, |before| before.times);
        let apart = before.is_none_or(|before| now - before.last >= TimeDelta::seconds(30));
        if times >= 20 || !apart {
            return false;
        }
        self.forced.insert(appid.to_owned(), Forced { day: today, times: times + 1, last: now });
        true
    }
}

/// `GET /cgi-bin/token`.
pub(super) fn token(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    if incoming.is_post() {
        return Err(Trouble::new(43001, "require GET method"));
    }
    let parameter = |name| incoming.parameter(name);
    let app =
        prove(turn, incoming, [parameter("grant_type"), parameter("appid"), parameter("secret")]);
    let limits = Limits { per_day: Some(2000), per_minute: None };
    let made = app.and_then(|app| {
        turn.state.quotas.spend(&app.appid, "cgi-bin/token", limits, turn.now)?;
        Ok(turn.state.fresh_token(&app.appid, turn.now))
    });
    handed_out(turn, EffectKind::Token, made)
}

/// `POST /cgi-bin/stable_token`.
pub(super) fn stable_token(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let fields = Fields::root(&incoming.json);
    turn.note_undocumented(&fields, &["grant_type", "appid", "secret", "force_refresh"]);
    let force = fields.find_flag("force_refresh")?.unwrap_or(false);
    let text = |name| Ok(fields.find_text(name)?.filter(|text: &&str| !text.is_empty()));
    let app = prove(turn, incoming, [text("grant_type")?, text("appid")?, text("secret")?]);
    let limits = Limits { per_day: Some(500_000), per_minute: Some(10_000) };
    let made = app.and_then(|app| {
        turn.state.quotas.spend(&app.appid, "cgi-bin/stable_token", limits, turn.now)?;
        Ok(turn.state.stable_token(&app.appid, force, turn.now))
    });
    handed_out(turn, EffectKind::StableToken, made)
}

fn handed_out(
    turn: &mut Turn<'_>,
    kind: EffectKind,
    made: Result<(String, i64), Trouble>,
) -> Result<Value, Trouble> {
    let appid = turn.appid.clone();
    turn.tally(kind, &appid, &made);
    let (token, lives) = made?;
    Ok(json!({ "access_token": token, "expires_in": lives }))
}

/// The app that grant type, app id and secret prove.
fn prove(
    turn: &mut Turn<'_>,
    incoming: &Incoming,
    [grant, appid, secret]: [Option<&str>; 3],
) -> Result<App, Trouble> {
    if grant != Some("client_credential") {
        return Err(Trouble::new(40002, "invalid grant_type"));
    }
    let appid = appid.ok_or_else(|| Trouble::new(41002, "appid missing"))?;
    let secret = secret.ok_or_else(|| Trouble::new(41004, "appsecret missing"))?;
    let app = turn.state.apps.get(appid).cloned();
    let app = app.ok_or_else(|| Trouble::new(40013, "invalid appid"))?;
    turn.appid.clone_from(&app.appid);
    if app.secret != secret {
        return Err(Trouble::new(40125, "invalid appsecret"));
    }
    let address = incoming.address();
    if !app.ip_allow_list.is_empty() && !app.ip_allow_list.contains(&address) {
        let words = format!("invalid ip {address} ipv6 ::ffff:{address}, not in whitelist");
        return Err(Trouble::new(40164, words));
    }
    Ok(app)
}

/// `GET /cgi-bin/ticket/getticket`.
pub(super) fn ticket(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let kind = incoming.parameter("type").ok_or_else(|| Trouble::new(40097, "invalid args"))?;
    match kind {
        "wx_card" => {}
        "jsapi" => {
            turn.tolerate("a ticket of web pages signs no card");
            let ticket = turn.state.alphanumeric(86);
            return Ok(json!({ "ticket": ticket, "expires_in": turn.state.switches.token_ttl }));
        }
        _ => return Err(Trouble::new(40097, "invalid args")),
    }
    let (now, appid) = (turn.now, turn.appid.clone());
    turn.tally(EffectKind::Ticket, &appid, &Ok(()));
    let current = turn.state.tickets.iter().find(|(_, t)| t.appid == appid && t.expires > now);
    let (ticket, expires) = if let Some((ticket, kept)) = current {
        (ticket.clone(), kept.expires)
    } else {
        let ticket = format!("{}-{}", turn.state.alphanumeric(40), turn.state.alphanumeric(45));
        let expires = now + TimeDelta::seconds(turn.state.switches.token_ttl);
        turn.state.tickets.insert(ticket.clone(), Ticket { appid, expires });
        (ticket, expires)
    };
    Ok(json!({ "ticket": ticket, "expires_in": (expires - now).num_seconds() }))
}

/// Whether an app may use cards at all.
pub(super) fn check_capability(turn: &Turn<'_>) -> Result<(), Trouble> {
    match turn.state.apps.get(&turn.appid) {
        // A mini-program's token is never the one that owns cards.
        Some(app) if app.kind == AppKind::Mp => {
            Err(Trouble::new(40001, "invalid credential, access_token of another app"))
        }
        Some(app) if app.card_capability => Ok(()),
        Some(_) | None => Err(Trouble::new(48001, "api unauthorized")),
    }
}
