//! Runs one case after the other against a server.

use std::sync::Arc;

use anyhow::{Context, bail};
use chrono::SubsecRound;
use reqwest::{Client, Url};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::time::sleep;

use super::{
    ConformError, Gateway, Settings,
    case::{Case, Expect, Step},
    judge::Credentials,
    office::Office,
    plan,
    report::{Difference, Outcome, Verdict},
    wire::{self, Answer, Letter},
    words::Words,
    world::World,
    yoho, zvcms,
};
use crate::clock::Clock;

/// What it takes to run a case.
pub struct Runner {
    gateway: Gateway,
    url: Url,
    client: Client,
    key: Credentials,
    words: Words,
    world: Option<World>,
}

/// The piece of the fixtures that one has to wait for.
const EXPIRED: &str = "expired";
const WITHOUT: &str = "needs --admin-url and --admin-key";

impl Runner {
    /// Looks whether anybody answers, and makes what the cases need where that is possible.
    pub async fn start(
        settings: Settings,
        clock: Arc<dyn Clock>,
        cases: &[Case],
    ) -> Result<Self, ConformError> {
        let Settings { gateway, mut url, key, admin, only: _ } = settings;
        if url.path() == "/" {
            url.set_path(gateway.path());
        }
        let unreachable = |url: &Url, why: reqwest::Error| ConformError::Unreachable {
            url: url.clone(),
            why: why.without_url(),
        };
        let client = wire::client().map_err(|why| unreachable(&url, why))?;
        client.get(url.clone()).send().await.map_err(|why| unreachable(&url, why))?;
        let key = gateway.credentials(key.expose_secret())?;
        let words = Words::new(clock.clone(), clock.now().trunc_subsecs(0));
        let world = match admin {
            Some((admin, key)) if cases.iter().any(Case::needs_something) => {
                let office = Office::new(admin.clone(), key);
                let office = office.map_err(|why| unreachable(&admin, why))?;
                let plan = plan::read().map_err(|e| ConformError::Cases(e.to_string()))?;
                let made = World::make(office, plan, gateway.name(), words.clone()).await;
                Some(made.map_err(ConformError::World)?)
            }
            _ => None,
        };
        Ok(Self { gateway, url, client, key, words, world })
    }

    /// Runs one.
    pub async fn try_out(&mut self, case: &Case) -> Verdict {
        let outcome = match self.prepare(case).await {
            Ok(None) => Outcome::Skipped(WITHOUT.to_owned()),
            Ok(Some((caller, words))) => self.run_steps(case, &caller, words).await,
            Err(error) => Outcome::Differs(Difference::of_case(&error)),
        };
        Verdict { name: case.name.clone(), rule: case.rule.clone(), outcome }
    }

    /// Who calls in this case and what its words mean; nothing where it cannot be run.
    async fn prepare(&mut self, case: &Case) -> anyhow::Result<Option<(Credentials, Words)>> {
        let (caller, mut words) = if case.needs_something() {
            let Some(world) = &mut self.world else { return Ok(None) };
            if case.needs.iter().any(|piece| piece == EXPIRED) {
                wait_for(world).await;
            }
            let words = world.prepare(case).await?;
            (world.clients.get("main").context("no client `main`")?.clone(), words)
        } else {
            let mut words = self.words.clone();
            // Somebody whom no server knows, too large for a number of this kit's.
            words.set(
                "nobody",
                (8_000_000_000_000_000 + super::words::nonce() % 1_000_000_000_000_000).to_string(),
            );
            (self.key.clone(), words)
        };
        words.set("caller", &caller.name);
        words.set("grant", &caller.beside);
        for (word, meaning) in &case.words {
            let meaning = words.replace(meaning)?;
            words.set(word, meaning);
        }
        Ok(Some((caller, words)))
    }

    async fn run_steps(&self, case: &Case, caller: &Credentials, mut words: Words) -> Outcome {
        for (step, number) in case.steps.iter().zip(1..) {
            match self.run_step(step, caller, &mut words).await {
                Ok(None) => {}
                Ok(Some(difference)) => {
                    return Outcome::Differs(Difference { step: number, ..difference });
                }
                Err(error) => {
                    let difference = Difference::of_case(&error);
                    return Outcome::Differs(Difference { step: number, ..difference });
                }
            }
        }
        Outcome::Passed
    }

    async fn run_step(
        &self,
        step: &Step,
        caller: &Credentials,
        words: &mut Words,
    ) -> anyhow::Result<Option<Difference>> {
        let mut difference = None;
        for _ in 0..step.tries {
            let (caller, letter) = self.write(&step.send, caller, words)?;
            let answer =
                wire::send(&self.client, &letter).await.map_err(reqwest::Error::without_url)?;
            let expected = words.fill(&step.expect)?;
            let expect = serde_json::from_value(expected.clone())?;
            let told = self.judge(&expect, &answer, &caller);
            if told.is_empty() {
                capture(step, &answer, words)?;
                return Ok(None);
            }
            let (sent, came) = (letter.show(), answer.show());
            let expected = expected.to_string();
            difference = Some(Difference { step: 0, sent, expected, came, told });
        }
        Ok(difference)
    }

    fn write(
        &self,
        send: &Map<String, Value>,
        caller: &Credentials,
        words: &Words,
    ) -> anyhow::Result<(Credentials, Letter)> {
        match self.gateway {
            Gateway::Zvcms => {
                let send: zvcms::Send = read(send, words)?;
                let caller = self.caller(send.caller.as_deref(), caller)?;
                let letter = zvcms::letter(&self.url, &caller, &send, words)?;
                Ok((caller, letter))
            }
            Gateway::Yoho => {
                let send: yoho::Send = read(send, words)?;
                let caller = self.caller(send.caller.as_deref(), caller)?;
                let letter = yoho::letter(&self.url, &caller, &send);
                Ok((caller, letter))
            }
        }
    }

    fn caller(&self, name: Option<&str>, usual: &Credentials) -> anyhow::Result<Credentials> {
        let Some(name) = name else { return Ok(usual.clone()) };
        let named = self.world.as_ref().and_then(|world| world.clients.get(name));
        named.cloned().with_context(|| format!("no client `{name}`"))
    }

    fn judge(&self, expect: &Expect, answer: &Answer, caller: &Credentials) -> Vec<String> {
        match self.gateway {
            Gateway::Zvcms => zvcms::judge(expect, answer),
            Gateway::Yoho => yoho::judge(expect, answer, &caller.beside),
        }
    }
}

/// A request with its words replaced.
fn read<Send: DeserializeOwned>(send: &Map<String, Value>, words: &Words) -> anyhow::Result<Send> {
    let filled = words.fill(&Value::Object(send.clone()))?;
    serde_json::from_value(filled).context("a request that cannot be read")
}

fn capture(step: &Step, answer: &Answer, words: &mut Words) -> anyhow::Result<()> {
    if step.capture.is_empty() {
        return Ok(());
    }
    let body: Value = serde_json::from_str(&answer.body)?;
    for (word, pointer) in &step.capture {
        let meaning = match body.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => bail!("nothing stands at {pointer}"),
        };
        words.set(word, meaning);
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a coupon is to be over, and nobody turns the server's clock"
)]
async fn wait_for(world: &World) {
    let left = world.over_at - world.words.now() + chrono::TimeDelta::seconds(1);
    if let Ok(left) = left.to_std() {
        sleep(left).await;
    }
}
