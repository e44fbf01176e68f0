//! Cards that are no coupons yet become some, many at once: the issuing engine writes them down.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};
use sqlx::{PgConnection, error::DatabaseError};

use super::{CardApplier, Placements, Told, portion::inherited, sum};
use crate::{
    domain::{
        card::{
            CardStanding, Suspension, Till,
            difference::{Inherited, SOMEWHERE},
        },
        code::CouponCode,
        id::MemberId,
        people::OpenId,
        stock::Way,
    },
    issuing::{Answer, Given, NoAnswer, OfferKey, Request},
    service::card_bond::{Clue, meet},
    store::card::{self, CardOn, Placed, change},
};

/// Why a push could not be applied now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The house is full, or somebody else was quicker: soon it will do.
    Passing(Cow<'static, str>),
    /// It fails, and it may be its own fault.
    Vain(Cow<'static, str>),
    /// It will never do.
    Hopeless(Cow<'static, str>),
}

/// What is to be done before coupons can be brought to agree with their cards.
struct Unwritten {
    /// Cards that are no coupons yet.
    cards: BTreeMap<CardOn, CardStanding>,
    /// Cards whose coupons are another's by now, who may be somebody that we know.
    handed_over: BTreeMap<CardOn, CardStanding>,
}

/// Each of them holds a connection for a moment.
const MEETINGS: usize = 4;
/// The engine has room for more, but others want to be served, too.
const ASKED_AT_ONCE: usize = 200;

impl Trouble {
    fn hopeless_name() -> Self {
        Self::Hopeless("its holder's name cannot be one".into())
    }

    /// An error of the database that is about what was asked; any other is no push's fault.
    pub fn of(error: sqlx::Error) -> sqlx::Result<Self> {
        let code = error.as_database_error().and_then(DatabaseError::code).map(Cow::into_owned);
        match code.as_deref() {
            // Those who waited for each other, and one of them was turned away.
            Some("40P01" | "40001" | "55P03") => {
                Ok(Self::Passing("somebody else was quicker".into()))
            }
            // Of connections, of resources, of people at work, of a server that is going down.
            Some(code) if ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class)) => {
                Err(error)
            }
            Some(_) => Ok(Self::Vain(format!("the database refuses it: {error}").into())),
            None if matches!(
                error,
                sqlx::Error::RowNotFound
                    | sqlx::Error::ColumnDecode { .. }
                    | sqlx::Error::Decode(_)
            ) =>
            {
                Ok(Self::Vain(format!("the database refuses it: {error}").into()))
            }
            None => Err(error),
        }
    }
}

impl CardApplier {
    /// Makes coupons of those of the cards that are none and whose holder is named, and finds out who new holders are; says
    /// of which it could not.
    pub(super) async fn introduce(
        &self,
        now: DateTime<Utc>,
        told: &[Told],
        placements: &Placements,
    ) -> sqlx::Result<HashMap<CardOn, Trouble>> {
        let mut conn = self.db.acquire().await?;
        let Unwritten { cards, handed_over } = list_unwritten(&mut conn, told).await?;
        let placed = |(app, key): &CardOn| placements.get(&(*app, key.card_ref.clone()));
        let gifts = cards.iter().filter(|(_, standing)| standing.is_successor());
        let gifts: BTreeSet<_> =
            gifts.filter_map(|(key, _)| Some(placed(key)?.placement)).collect();
        if !gifts.is_empty() {
            let gifts: Vec<_> = gifts.into_iter().collect();
            change::open_gifts(&mut conn, &gifts).await?;
        }
        let mut givers = HashMap::new();
        for (key, standing) in &cards {
            if let Some(giver) = inherited(&mut conn, key, standing).await? {
                givers.insert(key.clone(), giver);
            }
        }
        drop(conn);

        let mut troubles = HashMap::new();
        self.meet_all(now, &handed_over, &mut troubles).await?;
        let mut asked = Vec::new();
        for (key, member) in self.meet_all(now, &cards, &mut troubles).await? {
            let (Some(standing), Some(placed)) = (cards.get(&key), placed(&key)) else { continue };
            let request = request(&key, standing, (placed, givers.remove(&key)), member);
            asked.push(self.ask(key, request));
        }
        let mut answers = stream::iter(asked).buffer_unordered(ASKED_AT_ONCE);
        while let Some((key, answer)) = answers.next().await {
            if let Err(trouble) = answer {
                troubles.insert(key, trouble);
            }
        }
        Ok(troubles)
    }

    /// Who the holders are, as far as anybody knows.
    async fn meet_all(
        &self,
        now: DateTime<Utc>,
        cards: &BTreeMap<CardOn, CardStanding>,
        troubles: &mut HashMap<CardOn, Trouble>,
    ) -> sqlx::Result<Vec<(CardOn, Option<MemberId>)>> {
        let meetings: Vec<_> =
            cards.iter().map(|(key, standing)| self.meet_one(now, key, standing)).collect();
        let mut meetings = stream::iter(meetings).buffer_unordered(MEETINGS);
        let mut met = Vec::new();
        while let Some((key, member)) = meetings.next().await {
            match member? {
                Ok(member) => met.push((key, member)),
                Err(trouble) => drop(troubles.insert(key, trouble)),
            }
        }
        Ok(met)
    }

    async fn meet_one(
        &self,
        now: DateTime<Utc>,
        key: &CardOn,
        standing: &CardStanding,
    ) -> (CardOn, sqlx::Result<Result<Option<MemberId>, Trouble>>) {
        let Some(Ok(open_id)) = standing.holder().map(OpenId::parse) else {
            return (key.clone(), Ok(Err(Trouble::hopeless_name())));
        };
        let clue =
            Clue { reference: standing.reference_of_holder(), union_id: standing.union_id() };
        if clue.reference.is_none() && clue.union_id.is_none() {
            // Nothing says who it is; the engine meets them when it writes the coupon down.
            return (key.clone(), Ok(Ok(None)));
        }
        let met = match meet(&self.db, now, key.0, &open_id, clue).await {
            Ok(member) => Ok(Ok(member)),
            Err(error) => Trouble::of(error).map(Err),
        };
        (key.clone(), met)
    }

    async fn ask(
        &self,
        key: CardOn,
        request: Result<Request, Trouble>,
    ) -> (CardOn, Result<(), Trouble>) {
        let request = match request {
            Ok(request) => request,
            Err(trouble) => return (key, Err(trouble)),
        };
        let answer = match self.issuer.issue(request).await {
            // One that was written down under another name of its holder is there all the same.
            Ok(Answer::Issued(_) | Answer::Refused(_)) => Ok(()),
            Err(NoAnswer::Full | NoAnswer::Busy) => {
                Err(Trouble::Passing("there was too much to do".into()))
            }
            Err(NoAnswer::Failed) => Err(Trouble::Vain(self.why(&key).await)),
        };
        (key, answer)
    }

    /// Why the engine could not write it down, for people.
    async fn why(&self, (_, key): &CardOn) -> Cow<'static, str> {
        let is_shown = match self.db.acquire().await {
            Ok(mut conn) => card::shows(&mut conn, &key.code).await.unwrap_or_default(),
            Err(_) => false,
        };
        let why = if is_shown { "another coupon shows its code" } else { "it cannot be issued" };
        why.into()
    }
}

/// Reads what was known before, and joins what is told now.
async fn list_unwritten(conn: &mut PgConnection, told: &[Told]) -> sqlx::Result<Unwritten> {
    let (mut cards, mut handed_over) = (sum(told), BTreeMap::new());
    let keys: Vec<_> = cards.keys().cloned().collect();
    for known in card::list(conn, &keys.iter().collect::<Vec<_>>()).await? {
        let Some(news) = cards.remove(&known.key) else { continue };
        let before = known.standing.holder().map(str::to_owned);
        let standing = news.join(known.standing);
        if known.coupon.is_none() {
            cards.insert(known.key, standing);
        } else if standing.holder() != before.as_deref() {
            handed_over.insert(known.key, standing);
        }
    }
    cards.retain(|_, standing| standing.holder().is_some());
    Ok(Unwritten { cards, handed_over })
}

fn request(
    key: &CardOn,
    standing: &CardStanding,
    (placed, giver): (&Placed, Option<Inherited>),
    member: Option<MemberId>,
) -> Result<Request, Trouble> {
    let (app, card) = key;
    let code = CouponCode::parse(&card.code)
        .map_err(|_| Trouble::Hopeless("its code cannot be one".into()))?;
    let holder = standing.holder().unwrap_or_default();
    let open_id = OpenId::parse(holder).map_err(|_| Trouble::hopeless_name())?;
    let way = if standing.is_successor() { Way::Gift } else { Way::Take };
    let at = standing.first().unwrap_or_default();
    let used = standing.used().and_then(|(at, till)| match till {
        Till::Theirs { name } => Some((*at, name.clone())),
        Till::Unknown => Some((*at, SOMEWHERE.to_owned())),
        Till::Ours => None,
    });
    // What cannot be used any more cannot be used until it is void, either.
    let is_over = giver.as_ref().is_some_and(|giver| giver.ended.is_some());
    let suspension = standing.suspension().or(is_over.then_some((Suspension::GivenAway, at)));
    let inherited = giver.map(|giver| (giver.terms_version, giver.validity));
    Ok(Request {
        app: *app,
        offer: OfferKey { template: placed.template, placement: placed.placement, way },
        open_id,
        record: card.record(),
        made: None,
        member,
        is_one_off: false,
        given: Some(Given { code, at, inherited, suspension, used }),
    })
}
