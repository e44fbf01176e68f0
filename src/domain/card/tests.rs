//! Cards: stories of what happens to them, in any order.

use std::collections::BTreeMap;

use proptest::{
    prelude::{Just, Strategy, any, prop},
    prop_assert, prop_oneof, proptest,
};

use super::*;

const ANNA: &str = "oAnna";
const BERT: &str = "oBert";

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap()
}

fn event(second: i64, open_id: &str, what: Happening) -> CardEvent {
    CardEvent { at: at(second), card_ref: "pCard".into(), open_id: open_id.into(), what }
}

fn took(second: i64, open_id: &str, code: &str) -> CardEvent {
    let (gift, old_code, reference, union_id) = (false, None, None, None);
    let taken = Taken { code: code.into(), gift, old_code, reference, union_id };
    event(second, open_id, Happening::Taken(taken))
}

fn was_given(second: i64, open_id: &str, code: &str, old: &str) -> CardEvent {
    let (gift, old_code, reference, union_id) = (true, Some(old.into()), None, None);
    let taken = Taken { code: code.into(), gift, old_code, reference, union_id };
    event(second, open_id, Happening::Taken(taken))
}

fn gives(second: i64, open_id: &str, code: &str) -> CardEvent {
    event(second, open_id, Happening::Gifting { code: code.into() })
}

fn sum<'a>(events: impl IntoIterator<Item = &'a CardEvent>) -> BTreeMap<CardKey, CardStanding> {
    let mut cards = BTreeMap::<CardKey, CardStanding>::new();
    for (key, standing) in events.into_iter().flat_map(CardEvent::facts) {
        let known = cards.entry(key).or_default();
        *known = std::mem::take(known).join(standing);
    }
    cards
}

fn card(events: &[CardEvent], code: &str) -> CardStanding {
    sum(events).remove(&CardKey { card_ref: "pCard".into(), code: code.into() }).unwrap()
}

#[test]
fn a_card_is_its_takers_until_it_is_given_under_a_new_code() {
    let events = [took(0, ANNA, "1"), gives(5, ANNA, "1"), was_given(9, BERT, "2", "1")];

    let (old, new) = (card(&events, "1"), card(&events, "2"));
    assert_eq!(old.suspension(), Some((Suspension::GivenAway, at(9))));
    assert_eq!((old.holder(), old.is_successor()), (Some(ANNA), false));
    assert_eq!((new.holder(), new.suspension(), new.is_successor()), (Some(BERT), None, true));
    assert_eq!((old.successor(), new.predecessor()), (Some("2"), Some("1")));
}

#[test]
fn a_card_that_keeps_its_code_changes_hands_even_within_one_second() {
    let events = [took(0, ANNA, "1"), gives(0, ANNA, "1"), was_given(0, BERT, "1", "1")];

    let card = card(&events, "1");

    assert_eq!((card.holder(), card.suspension()), (Some(BERT), None));
    assert!(!card.is_successor());
}

#[test]
fn what_comes_back_can_be_used_again_and_given_again() {
    let back = event(7, ANNA, Happening::Returned { code: "1".into() });
    let events = [took(0, ANNA, "1"), gives(5, ANNA, "1"), back, gives(8, ANNA, "1")];

    assert_eq!(card(&events[..2], "1").suspension(), Some((Suspension::Gifting, at(5))));
    assert_eq!(card(&events[..3], "1").suspension(), None);
    assert_eq!(card(&events, "1").suspension(), Some((Suspension::Gifting, at(8))));
}

#[test]
fn a_use_that_is_heard_of_before_the_taking_says_whose_it_is() {
    let used = event(4, ANNA, Happening::Used { code: "1".into(), till: Till::Ours });

    let alone = card(std::slice::from_ref(&used), "1");

    assert_eq!((alone.holder(), alone.used().unwrap().0), (Some(ANNA), at(4)));
    assert_eq!(alone.first(), Some(at(4)));
    assert_eq!(card(&[used, took(1, ANNA, "1")], "1").first(), Some(at(1)));
}

#[test]
fn what_was_thrown_away_stays_so_unless_it_is_taken_anew() {
    let deleted = event(3, ANNA, Happening::Deleted { code: "1".into() });

    let gone = [took(3, ANNA, "1"), deleted.clone()];
    let anew = [took(3, ANNA, "1"), deleted, took(4, ANNA, "1")];

    assert_eq!(card(&gone, "1").suspension(), Some((Suspension::Deleted, at(3))));
    assert_eq!(card(&anew, "1").suspension(), None);
}

fn any_event() -> impl Strategy<Value = CardEvent> {
    let who = prop_oneof![Just(ANNA), Just(BERT), Just("oCarl")];
    let code = || prop_oneof![Just("1"), Just("2"), Just("3")];
    (0i64..6, who, code(), code(), 0..7).prop_map(|(second, who, code, other, kind)| {
        let one = || code.to_owned();
        match kind {
            0 => took(second, who, code),
            1 => was_given(second, who, code, other),
            2 => gives(second, who, code),
            3 => event(second, who, Happening::Returned { code: one() }),
            4 => event(second, who, Happening::Deleted { code: one() }),
            5 => event(second, who, Happening::Seen { code: one() }),
            _ => {
                let till = Till::Theirs { name: other.to_owned() };
                event(second, who, Happening::Used { code: one(), till })
            }
        }
    })
}

proptest! {
    #[test]
    fn order_and_repetition_make_no_difference(
        (events, shuffled) in prop::collection::vec(any_event(), 0..12)
            .prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
        twice in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let again = twice.iter().filter(|_| !shuffled.is_empty()).map(|index| index.get(&shuffled));
        let told = sum(shuffled.iter().chain(again));
        prop_assert!(told == sum(&events));
    }

    #[test]
    fn what_is_kept_is_read_back_the_same(events in prop::collection::vec(any_event(), 1..8)) {
        for (_, standing) in sum(&events) {
            let kept = serde_json::to_string(&standing).unwrap();
            prop_assert!(serde_json::from_str::<CardStanding>(&kept).unwrap() == standing);
        }
        for event in events {
            let kept = serde_json::to_string(&event).unwrap();
            prop_assert!(serde_json::from_str::<CardEvent>(&kept).unwrap() == event);
        }
    }
}
