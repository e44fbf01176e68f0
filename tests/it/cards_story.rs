//! Stories of cards, told in order and told badly: what becomes of the coupons is the same.

use std::time::Duration;

use kaquan::domain::card::CardEvent;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};

use crate::support::cards::{CardScene, Deck, their_till};

const PEOPLE: [&str; 4] = ["anna", "bert", "carl", "dora"];

/// What happens to a few cards, each event at a second of its own or not.
fn story(random: &mut StdRng, deck: &Deck, prefix: &str) -> Vec<CardEvent> {
    let mut events = Vec::new();
    for root in 0..random.random_range(1..4) {
        let (mut holder, mut code) = (random.random_range(0..4), format!("{prefix}{root}00000000"));
        let mut second = random.random_range(0..5);
        events.push(deck.took(second, PEOPLE[holder], &code));
        for step in 1..random.random_range(1..6) {
            second += random.random_range(1..4);
            let next = (holder + 1) % 4;
            match random.random_range(0..6) {
                0 => {
                    events.push(deck.gives(second, PEOPLE[holder], &code));
                    events.push(deck.has_back(second + 1, PEOPLE[holder], &code));
                    second += 1;
                }
                1 => {
                    events.push(deck.gives(second, PEOPLE[holder], &code));
                    events.push(deck.was_given(second + 1, PEOPLE[next], &code, &code));
                    (holder, second) = (next, second + 1);
                }
                2 | 3 => {
                    let new = format!("{prefix}{root}0000000{step}");
                    events.push(deck.gives(second, PEOPLE[holder], &code));
                    events.push(deck.was_given(second + 1, PEOPLE[next], &new, &code));
                    (holder, code, second) = (next, new, second + 1);
                }
                4 => {
                    events.push(deck.used(second, PEOPLE[holder], &code, their_till()));
                    break;
                }
                _ => {
                    events.push(deck.deleted(second, PEOPLE[holder], &code));
                    break;
                }
            }
        }
    }
    events.sort_by_key(|event| event.at);
    events
}

/// Shuffled, some of it twice.
fn told_badly(random: &mut StdRng, mut events: Vec<CardEvent>) -> Vec<CardEvent> {
    let again: Vec<_> = events.iter().filter(|_| random.random_bool(0.3)).cloned().collect();
    events.extend(again);
    events.shuffle(random);
    events
}

/// The same story for two placements, with codes that differ in their first letter only.
fn twice(seed: u64, decks: (&Deck, &Deck)) -> (Vec<CardEvent>, Vec<CardEvent>) {
    let name = |letter: char| format!("{letter}{seed:03}");
    let of = |deck, letter| story(&mut StdRng::seed_from_u64(seed), deck, &name(letter));
    (of(decks.0, 'A'), of(decks.1, 'B'))
}

/// Tells events in a few rounds.
async fn tell_in_rounds(scene: &CardScene, random: &mut StdRng, deck: &Deck, events: &[CardEvent]) {
    let mut rest = events;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(random.random_range(1..=rest.len()));
        scene.told(deck, now).await;
        scene.drain().await;
        rest = later;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_order_the_coupons_come_to_the_same() {
    let scene = CardScene::new().await;
    for seed in 0..60 {
        let random = &mut StdRng::seed_from_u64(1000 + seed);
        let stock = random.random_range(0..4);
        let (right, badly) = (scene.deck(stock).await, scene.deck(stock).await);
        let (in_order, story) = twice(seed, (&right, &badly));

        for event in &in_order {
            scene.told(&right, std::slice::from_ref(event)).await;
            scene.drain().await;
        }
        let story = told_badly(random, story);
        tell_in_rounds(&scene, random, &badly, &story).await;

        assert_eq!(
            scene.pushes("applied").await,
            scene.number("select count(*) from card_push").await
        );
        let (expected, found) = (scene.state(&right).await, scene.state(&badly).await);
        assert_eq!(found, expected, "story {seed}");
    }
    scene.recount().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_never_told_leaves_books_that_agree() {
    let scene = CardScene::new().await;
    for seed in 0..60 {
        let random = &mut StdRng::seed_from_u64(2000 + seed);
        let deck = scene.deck(random.random_range(0..3)).await;
        let mut events = story(random, &deck, &format!("C{seed:03}"));
        events.retain(|_| random.random_bool(0.6));
        let events = told_badly(random, events);
        tell_in_rounds(&scene, random, &deck, &events).await;
    }
    assert_eq!(scene.pushes("pending").await, 0);
    scene.recount().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_dies_in_between_has_done_no_harm() {
    let scene = CardScene::new().await;
    for seed in 0..20 {
        let random = &mut StdRng::seed_from_u64(3000 + seed);
        let (right, badly) = (scene.deck(2).await, scene.deck(2).await);
        let (in_order, story) = twice(seed, (&right, &badly));
        scene.told(&right, &in_order).await;
        scene.drain().await;

        scene.told(&badly, &told_badly(random, story)).await;
        for _ in 0..6 {
            let most = Duration::from_micros(random.random_range(500..25_000));
            // Its connections die with it, as those of a server do.
            let (pool, applier) = scene.another_server().await;
            let _died = tokio::time::timeout(most, applier.apply_due()).await;
            pool.close().await;
        }
        scene.drain().await;

        let (expected, found) = (scene.state(&right).await, scene.state(&badly).await);
        assert_eq!(found, expected, "story {seed}");
    }
    scene.recount().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_the_same_pushes_do_everything_once() {
    let scene = CardScene::new().await;
    let other = scene.another();
    for seed in 0..20 {
        let random = &mut StdRng::seed_from_u64(4000 + seed);
        let (right, badly) = (scene.deck(1).await, scene.deck(1).await);
        let (in_order, story) = twice(seed, (&right, &badly));
        scene.told(&right, &in_order).await;
        scene.drain().await;

        scene.told(&badly, &told_badly(random, story)).await;
        let (one, two) = tokio::join!(scene.applier.apply_due(), other.apply_due());
        assert!(one.unwrap() + two.unwrap() > 0);
        scene.drain().await;

        let (expected, found) = (scene.state(&right).await, scene.state(&badly).await);
        assert_eq!(found, expected, "story {seed}");
    }
    scene.recount().await;
}
