//! What people do, as methods of a running simulator.

use std::collections::BTreeMap;

use super::WechatSimulator;
use super::acts::{self, Till};
use super::coupon::Held;
use super::person::Person;
use super::phone::{self, Added, CardToAdd, CardToOpen, Jump};
use super::qrcode;
use super::trouble::Refused;

/// What people do.
impl WechatSimulator {
    /// A person, made up when not known yet, with an open id in every app.
    pub fn person(&self, name: &str) -> Result<Person, Refused> {
        self.world.act(|state, _| state.person(name))
    }

    /// Lets logins of a person be refused as risky, or not any more.
    pub fn set_risky(&self, name: &str, is_risky: bool) {
        let mut state = self.world.lock();
        if is_risky {
            state.risky.insert(name.to_owned());
        } else {
            state.risky.remove(name);
        }
    }

    /// The code that `wx.login` hands the mini-program: five minutes, for one use.
    pub fn login_code(&self, mp_appid: &str, person: &str) -> Result<String, Refused> {
        self.world.act(|state, now| state.login_code(mp_appid, person, now))
    }

    /// The person confirms in `wx.addCard`.
    pub fn add_card(&self, mp_appid: &str, person: &str, list: &[CardToAdd]) -> Added {
        self.world.act(|state, now| phone::add_card(state, now, mp_appid, person, list))
    }

    /// What `wx.openCard` calls back with.
    pub fn open_card(&self, mp_appid: &str, person: &str, list: &[CardToOpen]) -> String {
        phone::open_card(&self.world.lock(), mp_appid, person, list)
    }

    /// The person takes a card by its link, without a mini-program; the code.
    pub fn take(&self, person: &str, card_id: &str) -> Result<String, Refused> {
        self.world.act(|state, now| qrcode::take(state, now, person, card_id))
    }

    /// The person scans a picture, named by its ticket or its address; the codes.
    pub fn scan(&self, person: &str, picture: &str) -> Result<Vec<String>, Refused> {
        self.world.act(|state, now| qrcode::scan(state, now, person, picture))
    }

    /// The person taps `center`, `custom` or `promotion` on a card.
    pub fn tap(&self, person: &str, code: &str, entry: &str) -> Result<Jump, Refused> {
        self.world.act(|state, now| {
            let serial = acts::held_by(state, person, code)?;
            phone::tap(state, serial, entry, now)
        })
    }

    /// The person sends a coupon to a friend, named or not, or to a group.
    pub fn gift(
        &self,
        person: &str,
        code: &str,
        friend: Option<&str>,
        is_chat_room: bool,
    ) -> Result<(), Refused> {
        self.world.act(|state, now| {
            let serial = acts::held_by(state, person, code)?;
            acts::gift(state, now, serial, friend, is_chat_room)
        })
    }

    /// A friend takes a gift; its code from now on.
    pub fn accept(&self, friend: &str, code: &str) -> Result<String, Refused> {
        self.world.act(|state, now| acts::accept(state, now, friend, code))
    }

    /// A gift comes back to its owner.
    pub fn return_gift(&self, person: &str, code: &str) -> Result<(), Refused> {
        self.world.act(|state, now| {
            let serial = acts::held_by(state, person, code)?;
            acts::return_gift(state, now, serial)
        })
    }

    /// The person throws a coupon away.
    pub fn delete(&self, person: &str, code: &str) -> Result<(), Refused> {
        self.world.act(|state, now| {
            let serial = acts::held_by(state, person, code)?;
            acts::delete(state, now, serial)
        })
    }

    /// The person looks at a coupon.
    pub fn view(&self, person: &str, code: &str) -> Result<(), Refused> {
        self.world.act(|state, now| {
            let serial = acts::held_by(state, person, code)?;
            acts::view(state, now, serial)
        })
    }

    /// The person goes from a coupon to the account.
    pub fn enter_session(&self, person: &str, code: &str) -> Result<(), Refused> {
        self.world.act(|state, now| {
            let serial = acts::held_by(state, person, code)?;
            acts::enter_session(state, now, serial)
        })
    }

    /// The coupon is redeemed past the API: in the console, with the helper, or by the person alone.
    pub fn consume(&self, person: &str, code: &str, till: &Till) -> Result<(), Refused> {
        self.world.act(|state, now| {
            let serial = acts::held_by(state, person, code)?;
            acts::consume(state, now, serial, till)
        })
    }

    /// A person's coupons, oldest first.
    pub fn wallet(&self, person: &str) -> Vec<Held> {
        self.world.act(|state, now| state.held(Some(person), now))
    }

    /// Everybody's coupons by person; whoever holds none is left out.
    pub fn wallets(&self) -> BTreeMap<String, Vec<Held>> {
        let mut wallets: BTreeMap<String, Vec<Held>> = BTreeMap::new();
        for held in self.world.act(|state, now| state.held(None, now)) {
            wallets.entry(held.person.clone()).or_default().push(held);
        }
        wallets
    }
}
