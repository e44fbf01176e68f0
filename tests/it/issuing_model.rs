//! Random requests against a model of the rule: whatever the order within a batch, the answers make sense together.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use kaquan::{
    domain::claim::{FinalRefusal, PassingRefusal},
    issuing::Answer,
};
use proptest::{
    collection::vec,
    prelude::{Strategy, any},
    test_runner::{Config, TestRunner},
};

use crate::support::{
    books::assert_balanced,
    database::TestDatabase,
    engine::TestEngine,
    plant::{Campaign, terms},
};

/// Requests that are made at the same moment: a record and a person each.
type Chunk = Vec<(u8, u8)>;

#[derive(Debug, Clone)]
struct Case {
    limit: u32,
    stock: u32,
    /// Whether requests go to two servers in turn.
    two_servers: bool,
    chunks: Vec<Chunk>,
}

fn case() -> impl Strategy<Value = Case> {
    let chunk = vec((0..10u8, 0..4u8), 1..8);
    (1..=3u32, 0..=5u32, any::<bool>(), vec(chunk, 1..6))
        .prop_map(|(limit, stock, two_servers, chunks)| Case { limit, stock, two_servers, chunks })
}

/// What has been promised so far.
#[derive(Debug)]
struct Model {
    limit: u32,
    left: u32,
    held: BTreeMap<u8, u32>,
    /// Whose each record is, and what they were told.
    records: BTreeMap<u8, (u8, Answer)>,
}

impl Model {
    /// Checks the answers to a chunk, in any order that explains them.
    fn hear(&mut self, chunk: &Chunk, answers: &[Answer]) {
        let taken = Answer::Refused(PassingRefusal::RecordTaken.into());
        let mut new = BTreeMap::new();
        for (&(record, person), answer) in chunk.iter().zip(answers) {
            if *answer != taken && !self.records.contains_key(&record) {
                new.insert(record, (person, answer.clone()));
            }
        }
        self.records.extend(new.clone());
        for (&(record, person), answer) in chunk.iter().zip(answers) {
            // Each record has one owner, who hears one answer for ever; anybody else is turned away.
            let (owner, told) = &self.records[&record];
            assert_eq!(answer, if *owner == person { told } else { &taken });
        }
        for (person, answer) in new.values() {
            if matches!(answer, Answer::Issued(_)) {
                self.left = self.left.checked_sub(1).expect("more than the stock");
                *self.held.entry(*person).or_default() += 1;
            }
        }
        for (person, answer) in new.into_values() {
            let held = self.held.get(&person).copied().unwrap_or_default();
            assert!(held <= self.limit, "more than the limit");
            // A "no" must be true at the end of the chunk, since nothing is ever given back.
            if let Answer::Refused(refusal) = answer {
                let true_refusal = (held == self.limit
                    && refusal == FinalRefusal::LimitReached.into())
                    || (self.left == 0 && refusal == FinalRefusal::SoldOut.into());
                assert!(true_refusal, "{refusal:?} with {held} held and {} left", self.left);
            }
        }
    }

    fn codes(&self) -> Vec<&str> {
        let codes = self.records.values().filter_map(|(_, answer)| match answer {
            Answer::Issued(coupon) => Some(coupon.code.as_str()),
            Answer::Refused(_) => None,
        });
        codes.collect()
    }
}

async fn play(database: &TestDatabase, case: Case) {
    let mut limited = terms();
    limited.per_person_limit = case.limit;
    let campaign = Campaign::plant(&database.pool, &limited, case.stock.into()).await;
    let engines = [TestEngine::start(&database.options), TestEngine::start(&database.options)];
    let (held, records) = (BTreeMap::new(), BTreeMap::new());
    let mut model = Model { limit: case.limit, left: case.stock, held, records };

    for chunk in &case.chunks {
        let answers = join_all(chunk.iter().enumerate().map(|(n, (record, person))| {
            let engine = &engines[if case.two_servers { n % 2 } else { 0 }];
            let request = campaign.request(&format!("r-{record}"), &format!("open-{person}"));
            engine.issuer.issue(request)
        }))
        .await;
        let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
        model.hear(chunk, &answers);
    }

    let codes = model.codes();
    assert_eq!(BTreeSet::from_iter(&codes).len(), codes.len(), "a code was given twice");
    for engine in engines {
        engine.finish().await;
    }
    assert_balanced(&database.pool).await;
}

#[test]
fn random_requests_agree_with_the_model() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let database = runtime.block_on(TestDatabase::new());
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&case(), |case| {
            runtime.block_on(play(&database, case));
            Ok(())
        })
        .unwrap();
}
