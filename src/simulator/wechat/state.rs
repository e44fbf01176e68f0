//! What WeChat remembers, behind one lock that is never held across an await.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use super::Settings;
use super::aim::Aims;
use super::app::{App, AppKind, AppSeed, check};
use super::card::Cards;
use super::coupon::{Coupon, Held, Life};
use super::effects::Effects;
use super::fact::Fact;
use super::journal::Journal;
use super::letter::Letter;
use super::login::Login;
use super::person::Person;
use super::push::Outbox;
use super::qrcode::Picture;
use super::quota::Quotas;
use super::report::Report;
use super::switches::Switches;
use super::token::{Forced, Ticket, Token};
use super::trouble::Refused;

#[derive(Debug)]
pub(super) struct State {
    pub offset: TimeDelta,
    pub rng: StdRng,
    /// Makes ids follow from names.
    pub key: String,
    pub switches: Switches,
    pub apps: BTreeMap<String, App>,
    pub tokens: HashMap<String, Token>,
    pub forced: HashMap<String, Forced>,
    pub tickets: HashMap<String, Ticket>,
    pub people: BTreeMap<String, Person>,
    /// Whose an open id in an app is.
    pub openids: HashMap<(String, String), String>,
    /// People whom a login refuses as risky.
    pub risky: BTreeSet<String>,
    pub logins: HashMap<String, Login>,
    /// Who may take cards of an account that were not reviewed, by name.
    pub white_lists: HashMap<String, BTreeSet<String>>,
    pub cards: Cards,
    pub coupons: BTreeMap<u64, Coupon>,
    pub by_code: HashMap<(String, String), u64>,
    /// Which code an encrypted one of an account stands for.
    pub encrypted: HashMap<(String, String), String>,
    /// Cards, timestamps and nonces of claims that were seen.
    pub seen: HashSet<(String, String, String)>,
    pub pictures: HashMap<String, Picture>,
    pub facts: Vec<Fact>,
    pub outbox: Outbox,
    pub journal: Journal,
    pub report: Report,
    pub effects: Effects,
    pub aims: Aims,
    pub quotas: Quotas,
    /// Whether WeChat is away: every call is hung up on.
    pub down: bool,
    pub last_coupon: u64,
}

impl State {
    pub fn new(settings: &Settings) -> Self {
        let mut rng = match settings.seed {
            Some(seed) => StdRng::seed_from_u64(seed),
            None => rand::make_rng(),
        };
        let key = rng.random::<u128>().to_string();
        let mut state = Self {
            offset: TimeDelta::zero(),
            rng,
            key,
            switches: settings.switches.clone(),
            apps: BTreeMap::new(),
            tokens: HashMap::new(),
            forced: HashMap::new(),
            tickets: HashMap::new(),
            people: BTreeMap::new(),
            openids: HashMap::new(),
            risky: BTreeSet::new(),
            logins: HashMap::new(),
            white_lists: HashMap::new(),
            cards: BTreeMap::new(),
            coupons: BTreeMap::new(),
            by_code: HashMap::new(),
            encrypted: HashMap::new(),
            seen: HashSet::new(),
            pictures: HashMap::new(),
            facts: Vec::new(),
            outbox: Outbox::default(),
            journal: Journal::default(),
            report: Report::default(),
            effects: Effects::default(),
            aims: Aims::default(),
            quotas: Quotas::default(),
            down: false,
            last_coupon: 0,
        };
        for seed in &settings.apps {
            // A seed that the console would refuse leaves its app out.
            state.put_app(seed.clone()).ok();
        }
        for name in &settings.people {
            state.person(name).ok();
        }
        state
    }

    /// Adds an app, or replaces the one with the same id.
    pub fn put_app(&mut self, seed: AppSeed) -> Result<App, Refused> {
        if let Some(callback) = &seed.callback {
            check(callback)?;
        }
        let app = App {
            kind: seed.kind,
            appid: seed.appid.unwrap_or_else(|| format!("wx{}", self.hex(16))),
            secret: seed.secret.unwrap_or_else(|| self.hex(32)),
            original_id: seed.original_id.unwrap_or_else(|| format!("gh_{}", self.hex(12))),
            group: seed.group,
            ip_allow_list: seed.ip_allow_list,
            card_capability: seed.card_capability,
            custom_code_permission: seed.custom_code_permission,
            callback: seed.callback,
        };
        self.apps.insert(app.appid.clone(), app.clone());
        Ok(app)
    }

    /// The account, if it is one and not a mini-program.
    pub fn account(&self, appid: &str) -> Option<&App> {
        self.apps.get(appid).filter(|app| app.kind == AppKind::Oa)
    }

    /// Leaves an event to be pushed.
    #[expect(clippy::needless_pass_by_value, reason = "a letter is written where it is sent")]
    pub fn push(&mut self, now: DateTime<Utc>, letter: Letter) {
        let fault = self.aims.strike_push(letter.event);
        let Some(app) = self.apps.get(&letter.appid) else { return };
        let message = letter.message(app, now, self.switches.layout, &mut self.rng);
        self.outbox.add(now, &letter, app, message, fault);
    }

    /// The code as front ends see it; the same for the same code.
    pub fn encrypt(&mut self, appid: &str, code: &str) -> String {
        let sealed = super::sealed_code::seal(&self.key, appid, code, self.switches.strict);
        self.encrypted.insert((appid.to_owned(), sealed.clone()), code.to_owned());
        sealed
    }

    pub fn coupon(&self, card_id: &str, code: &str) -> Option<&Coupon> {
        let serial = self.by_code.get(&(card_id.to_owned(), code.to_owned()))?;
        self.coupons.get(serial)
    }

    /// Every coupon, or those of one person, in the order in which they were taken; what was given away is its new owner's.
    pub fn held(&mut self, person: Option<&str>, now: DateTime<Utc>) -> Vec<Held> {
        let theirs = |coupon: &&Coupon| {
            coupon.life != Life::GivenAway && person.is_none_or(|name| coupon.person == name)
        };
        let coupons: Vec<Coupon> = self.coupons.values().filter(theirs).cloned().collect();
        coupons.into_iter().filter_map(|coupon| self.shown(coupon, now)).collect()
    }

    fn shown(&mut self, coupon: Coupon, now: DateTime<Utc>) -> Option<Held> {
        let encrypt_code = self.encrypt(&coupon.appid, &coupon.code);
        let card = self.cards.get(&coupon.card_id)?;
        let entries = super::card::jump::ENTRIES.iter().map(|(entry, _)| *entry);
        let entries = entries.filter(|entry| super::card::jump::of(&card.base, entry).is_some());
        Some(Held {
            title: card.text("title").to_owned(),
            brand_name: card.text("brand_name").to_owned(),
            colour: super::colour::value(card.text("color")).to_owned(),
            status: coupon.status(now),
            can_consume: coupon.can_consume(now),
            entries: entries.map(str::to_owned).collect(),
            card_id: coupon.card_id,
            appid: coupon.appid,
            code: coupon.code,
            encrypt_code,
            person: coupon.person,
            openid: coupon.openid,
            begin: coupon.begin,
            end: coupon.end,
            outer_str: coupon.outer_str,
            taken_at: coupon.taken,
            origin: coupon.origin,
        })
    }

    pub fn hex(&mut self, length: usize) -> String {
        self.letters(length, b"0123456789abcdef")
    }

    pub fn digits(&mut self, length: usize) -> String {
        self.letters(length, b"0123456789")
    }

    pub fn alphanumeric(&mut self, length: usize) -> String {
        self.letters(length, b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    }

    fn letters(&mut self, length: usize, alphabet: &[u8]) -> String {
        (0..length)
            .map(|_| char::from(alphabet[self.rng.random_range(0..alphabet.len())]))
            .collect()
    }

    /// The diagnostic tail of a refusal.
    pub fn rid(&mut self, now: DateTime<Utc>) -> String {
        format!("rid: {:08x}-{}-{}", now.timestamp() & 0xffff_ffff, self.hex(8), self.hex(8))
    }
}

/// How many entries of a transcript are kept.
pub(super) fn keep<T>(entries: &mut VecDeque<T>, entry: T, most: usize) {
    while !entries.is_empty() && entries.len() >= most {
        entries.pop_front();
    }
    entries.push_back(entry);
}

/// A JSON object's members; nothing of anything else.
pub(super) fn members(value: Value) -> serde_json::Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            serde_json::Map::new()
        }
    }
}
