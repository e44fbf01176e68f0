//! The life of coupons as a state machine: random steps by several callers over a few coupons, each answer held against a
//! model that knows nothing of the rules' code.

use chrono::TimeDelta;
use kaquan::clock::Clock;
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, prop_oneof},
    test_runner::{Config, TestRunner},
};

use crate::support::{
    life_model::{Act, act, heard},
    life_shop::{COUPONS, Shop, fresh, runtime},
};

#[derive(Debug, Clone)]
enum Move {
    Act {
        coupon: usize,
        order: u8,
        caller: usize,
        act: Act,
    },
    Wait {
        minutes: i64,
    },
    /// Passed locks go, ends are counted.
    Upkeep,
    /// Of the whole template.
    VoidUnused,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let act = (0..COUPONS, 0..3u8, 0..2usize, act())
        .prop_map(|(coupon, order, caller, act)| Move::Act { coupon, order, caller, act });
    let wait = prop_oneof![1..40i64, Just(4000)].prop_map(|minutes| Move::Wait { minutes });
    let one = prop_oneof![
        36 => act,
        6 => wait,
        4 => Just(Move::Upkeep),
        1 => Just(Move::VoidUnused),
    ];
    vec(one, 1..40)
}

async fn play(shop: &Shop, moves: Vec<Move>) {
    // What is left of the play before is not counted with this one.
    shop.void_unused().await;
    let coupons = shop.coupons().await;
    let mut models = fresh(&coupons);
    for (number, step) in moves.iter().enumerate() {
        let now = shop.admin.clock.now();
        match step {
            Move::Wait { minutes } => shop.admin.clock.advance(TimeDelta::minutes(*minutes)),
            Move::Upkeep => {
                shop.upkeep.round().await.unwrap();
                for model in &mut models {
                    model.upkeep(now);
                }
            }
            Move::VoidUnused => {
                let voided = shop.void_unused().await;

                let expected =
                    models.iter_mut().filter_map(|model| model.void_unused(now).then_some(()));
                assert_eq!(voided, expected.count(), "move {number} {step:?} of {moves:#?}");
            }
            Move::Act { coupon, order, caller, act } => {
                let reply = shop.ask(&coupons, *coupon, *order, *caller, act).await;

                let expected = models[*coupon].hear(*order, act, *coupon == 0, now);
                assert_eq!(heard(&reply), expected, "move {number} {step:?} of {moves:#?}");
            }
        }
    }
    shop.recount().await;
}

#[test]
fn every_answer_is_the_models_and_the_books_agree() {
    let runtime = runtime();
    let shop = runtime.block_on(Shop::open());
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&moves(), |moves| {
            runtime.block_on(play(&shop, moves));
            Ok(())
        })
        .unwrap();
}
