//! What the platform remembers, behind one lock that is never held across an await.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::Settings;
use super::aim::Aims;
use super::app::{App, AppSeed, Token};
use super::banner::{Banner, BannerInside};
use super::caller::Caller;
use super::days::Figures;
use super::effects::Effects;
use super::fault::Fault;
use super::journal::Journal;
use super::ledger::TakeError;
use super::limits::Spent;
use super::person::Login;
use super::record::{Attempt, Record};
use super::report::Report;
use super::switches::Switches;
use super::template::{Template, TemplateInside};

/// Shared by every request.
#[derive(Debug)]
pub(super) struct World {
    pub settings: Settings,
    pub caller: Caller,
    state: Mutex<State>,
}

impl World {
    pub fn new(settings: Settings, caller: Caller) -> Arc<Self> {
        let state = Mutex::new(State::new(&settings));
        Arc::new(Self { settings, caller, state })
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The platform's present moment.
    pub fn now(&self) -> DateTime<Utc> {
        let now = self.settings.clock.now();
        now.checked_add_signed(self.lock().offset).unwrap_or(now)
    }

    pub fn advance(&self, step: TimeDelta) {
        let mut state = self.lock();
        state.offset = state.offset.checked_add(&step).unwrap_or(state.offset);
    }

    pub fn templates(&self) -> Vec<TemplateInside> {
        self.lock().templates.values().map(Template::inside).collect()
    }

    pub fn banners(&self) -> Vec<BannerInside> {
        self.lock().banners.values().map(Banner::inside).collect()
    }

    /// What happened to each template on each day.
    pub fn figures(&self) -> Vec<Figures> {
        self.lock().templates.values().flat_map(Template::figures).collect()
    }

    pub fn set_stock(&self, template_id: i64, stock: i64) -> Result<(), TakeError> {
        let now = self.now();
        let mut state = self.lock();
        let template = state.templates.get_mut(&template_id).ok_or(TakeError::NoSuchTemplate)?;
        template.set_stock(stock, now);
        Ok(())
    }

    /// Back to the first moment: the default apps and nothing else.
    pub fn reset(&self) {
        *self.lock() = State::new(&self.settings);
    }
}

#[derive(Debug)]
pub(super) struct State {
    pub offset: TimeDelta,
    pub rng: StdRng,
    pub switches: Switches,
    pub apps: BTreeMap<String, App>,
    pub tokens: HashMap<String, Token>,
    pub templates: BTreeMap<i64, Template>,
    /// By app and name, as the documents leave the scope open.
    pub additions: HashMap<(String, String), Addition>,
    /// Which living template was created with exactly these fields.
    pub made: HashMap<String, i64>,
    pub banners: BTreeMap<i64, Banner>,
    pub records: HashMap<RecordKey, Record>,
    /// A person's records, in all apps that know them by this open id.
    pub records_of: HashMap<String, Vec<RecordKey>>,
    /// Which record has a code of a template.
    pub codes: HashMap<(i64, String), String>,
    /// Login codes that nobody has used.
    pub logins: HashMap<String, Login>,
    /// Whom each app knows since they signed in or took; a sync introduces nobody.
    pub people: BTreeMap<String, BTreeSet<String>>,
    /// What each app has used up of its limits.
    pub spent: HashMap<String, Spent>,
    pub transcript: VecDeque<Attempt>,
    pub journal: Journal,
    pub report: Report,
    pub effects: Effects,
    pub next: VecDeque<Vec<Fault>>,
    pub aims: Aims,
    /// Whether the platform is away: every call is hung up on.
    pub down: bool,
    pub last_template_id: i64,
    pub last_banner_id: i64,
    pub last_app_id: i64,
}

/// App and record: whichever side made up the record's id, an app knows it once.
pub(super) type RecordKey = (String, String);

/// One named addition to a template's stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Addition {
    pub coupon_template_id: i64,
    pub stock: i64,
    pub create_time: i64,
}

impl State {
    fn new(settings: &Settings) -> Self {
        let rng = match settings.seed {
            Some(seed) => StdRng::seed_from_u64(seed),
            None => rand::make_rng(),
        };
        let mut state = Self {
            offset: TimeDelta::zero(),
            rng,
            switches: settings.switches.clone(),
            apps: BTreeMap::new(),
            tokens: HashMap::new(),
            templates: BTreeMap::new(),
            additions: HashMap::new(),
            made: HashMap::new(),
            banners: BTreeMap::new(),
            records: HashMap::new(),
            records_of: HashMap::new(),
            codes: HashMap::new(),
            logins: HashMap::new(),
            people: BTreeMap::new(),
            spent: HashMap::new(),
            transcript: VecDeque::new(),
            journal: Journal::default(),
            report: Report::default(),
            effects: Effects::default(),
            next: VecDeque::new(),
            aims: Aims::default(),
            down: false,
            last_template_id: 23_830_865,
            last_banner_id: 0,
            last_app_id: 10_000_000,
        };
        for seed in &settings.apps {
            state.put_app(seed.clone());
        }
        state
    }

    /// Adds an app, or replaces the one with the same key and forgets its tokens.
    pub fn put_app(&mut self, seed: AppSeed) -> App {
        self.last_app_id += 1;
        let app = App {
            app_id: seed.app_id.unwrap_or(self.last_app_id),
            app_key: seed.app_key.unwrap_or_else(|| self.alphanumeric(32)),
            app_secret: seed.app_secret.unwrap_or_else(|| self.alphanumeric(32)),
        };
        self.tokens.retain(|_, token| token.app_key != app.app_key);
        self.apps.insert(app.app_key.clone(), app.clone());
        app
    }

    pub fn hex(&mut self, length: usize) -> String {
        self.letters(length, b"0123456789abcdef")
    }

    pub fn alphanumeric(&mut self, length: usize) -> String {
        self.letters(length, b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    }

    fn letters(&mut self, length: usize, alphabet: &[u8]) -> String {
        (0..length)
            .map(|_| char::from(alphabet[self.rng.random_range(0..alphabet.len())]))
            .collect()
    }

    pub fn remember(&mut self, attempt: Attempt, most: usize) {
        if self.transcript.len() >= most {
            self.transcript.pop_front();
        }
        self.transcript.push_back(attempt);
    }
}
