//! The fixtures as they were made: all new, under names of this run alone.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context;
use chrono::{DateTime, Datelike, SecondsFormat, TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    case::{Case, Given},
    judge::Credentials,
    office::{Made, Office, text},
    plan::{ClientPlan, Plan, TemplatePlan},
    words::Words,
};
use crate::domain::day::in_china;

/// What stands on the server for this run.
pub struct World {
    office: Office,
    plan: Plan,
    run: Run,
    /// What the cases call it.
    pub words: Words,
    /// Who may call, by the names in the plan.
    pub clients: HashMap<String, Credentials>,
    /// From here on that is over which was to be over soon.
    pub over_at: DateTime<Utc>,
    apps: BTreeMap<String, String>,
    placements: HashMap<String, String>,
}

/// Names that nobody else has.
struct Run {
    name: String,
    people: u64,
}

/// How long something lasts that is to be over in this run.
const SOON: TimeDelta = TimeDelta::seconds(6);

impl World {
    /// Makes everything that is planned for this protocol.
    pub async fn make(
        office: Office,
        plan: Plan,
        protocol: &str,
        words: Words,
    ) -> anyhow::Result<Self> {
        let now = words.now();
        let seed = Uuid::new_v4();
        let name = seed.simple().to_string()[..12].to_owned();
        let people = (100_000_000 + seed.as_u64_pair().1 % 900_000_000) * 100_000;
        let mut world = Self {
            office,
            plan,
            run: Run { name, people },
            words,
            clients: HashMap::new(),
            over_at: now,
            apps: BTreeMap::new(),
            placements: HashMap::new(),
        };
        world.name_months(now);
        world.words.set("run", &world.run.name);
        world.make_apps().await.context("its apps")?;
        for (name, about) in world.plan.people.clone() {
            world.make_person(&name, &about).await.context("its people")?;
        }
        for (name, plan) in std::mem::take(&mut world.plan.templates) {
            world.make_template(&name, plan).await.with_context(|| format!("template {name}"))?;
        }
        let clients = world.plan.clients.remove(protocol).unwrap_or_default();
        for (name, plan) in clients {
            let made = world.make_client(protocol, &name, plan).await;
            made.with_context(|| format!("client {name}"))?;
        }
        for page in std::mem::take(&mut world.plan.pages) {
            let page = world.words.fill(&page)?;
            world.office.post("/v1/admin/pages", &page).await.context("its page")?;
        }
        Ok(world)
    }

    fn name_months(&mut self, now: DateTime<Utc>) {
        let month = in_china(now).month0();
        for (word, later) in [("month", 0), ("next_month", 1), ("far_month", 6)] {
            self.words.set(word, ((month + later) % 12 + 1).to_string());
        }
    }

    async fn make_apps(&mut self) -> anyhow::Result<()> {
        for app in self.plan.apps.clone() {
            let key = format!("conform-{}-{app}", self.run.name);
            let body = json!({ "platform": "own", "app_key": key, "name": key });
            let made = self.office.post("/v1/admin/apps", &body).await?;
            self.apps.insert(app, text(&made, "id")?);
        }
        Ok(())
    }

    /// Somebody new, by this name from now on; null is told to nobody.
    async fn make_person(&mut self, name: &str, about: &Value) -> anyhow::Result<()> {
        self.run.people += 1;
        let uid = self.run.people.to_string();
        if !about.is_null() {
            let apps: Vec<_> = self.apps.values().cloned().collect();
            self.office.save_member(&uid, &self.words.fill(about)?, &apps).await?;
        }
        self.words.set(name, uid);
        Ok(())
    }

    async fn make_template(&mut self, name: &str, plan: TemplatePlan) -> anyhow::Result<()> {
        let soon = self.words.now() + SOON;
        self.words.set("soon_at", soon.to_rfc3339_opts(SecondsFormat::Secs, true));
        let mut terms = self.plan.terms.clone();
        terms.extend(plan.terms);
        if Value::Object(terms.clone()).to_string().contains("${soon_at}") {
            self.over_at = soon;
        }
        let terms = self.words.fill(&Value::Object(terms))?;
        let template = self.office.post("/v1/admin/templates", &terms).await?;
        let id = text(&template, "id")?;
        self.words.set(format!("t.{name}"), template["number"].to_string());
        self.words.set(format!("t.{name}.id"), &id);
        for (app, stock) in &plan.placed {
            let body = json!({ "template_id": id, "app_id": self.apps.get(app) });
            let placement = self.office.post("/v1/admin/placements", &body).await?;
            let placement = text(&placement, "id")?;
            if *stock > 0 {
                let path = format!("/v1/admin/placements/{placement}/stock-additions");
                let body = json!({ "name": name, "way": "claim", "amount": stock });
                self.office.post(&path, &body).await?;
            }
            self.placements.insert(name.to_owned(), placement);
        }
        for person in &plan.claimed_by {
            let coupon = self.claim(name, person).await?;
            self.words.set(format!("{person}.code"), coupon.code);
        }
        if let Some(then) = plan.then {
            let path = format!("/v1/admin/templates/{id}/{then}");
            self.office.post(&path, &json!({})).await?;
        }
        Ok(())
    }

    async fn make_client(
        &mut self,
        protocol: &str,
        name: &str,
        plan: ClientPlan,
    ) -> anyhow::Result<()> {
        let zvcms = protocol == "zvcms";
        let called = format!("conform-{}-{name}", self.run.name);
        let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let mut body = json!({ "protocol": protocol, "name": called, "secret": secret });
        body["settings"] = plan.settings.into();
        if !zvcms {
            body["salt"] = Uuid::new_v4().simple().to_string().into();
            body["apps"] = self.ids(&plan.apps);
        }
        let made = self.office.post("/v1/admin/gateway-clients", &body).await?;
        let grants = format!("/v1/admin/gateway-clients/{}/grants", text(&made, "id")?);
        let beside = if zvcms {
            let grant = json!({ "apps": self.ids(&plan.apps) });
            text(&self.office.post(&grants, &grant).await?, "code")?
        } else {
            text(&body, "salt")?
        };
        self.words.set(format!("client.{name}"), &called);
        self.words.set(format!("g.{name}"), &beside);
        for (name, grant) in plan.grants {
            let mut body = Map::new();
            body.insert("apps".to_owned(), self.ids(&grant.apps));
            body.extend(grant.actions.map(|actions| ("actions".to_owned(), json!(actions))));
            body.extend(grant.stores.map(|stores| ("stores".to_owned(), json!(stores))));
            let made = self.office.post(&grants, &body.into()).await?;
            if grant.revoked {
                let path = format!("/v1/admin/gateway-grants/{}/revoke", text(&made, "id")?);
                self.office.post(&path, &json!({})).await?;
            }
            self.words.set(format!("g.{name}"), text(&made, "code")?);
        }
        let client = Credentials { name: called, secret: SecretString::from(secret), beside };
        self.clients.insert(name.to_owned(), client);
        Ok(())
    }

    fn ids(&self, apps: &[String]) -> Value {
        apps.iter().filter_map(|app| self.apps.get(app)).cloned().collect()
    }

    async fn claim(&self, template: &str, person: &str) -> anyhow::Result<Made> {
        let placement = self.placements.get(template).context("it is placed nowhere")?;
        let uid = self.words.replace(&format!("${{{person}}}"))?;
        self.office.claim(placement, &uid).await
    }

    /// The words of one case, whose people and coupons are new.
    pub async fn prepare(&mut self, case: &Case) -> anyhow::Result<Words> {
        for (name, about) in self.plan.cast.clone() {
            if case.needs.contains(&name) {
                self.make_person(&name, &about).await?;
            }
        }
        let mut coupons = HashMap::new();
        for given in &case.given {
            self.happen(given, &mut coupons).await?;
        }
        let mut words = self.words.clone();
        for (name, coupon) in coupons {
            words.set(format!("{name}.code"), coupon.code);
        }
        Ok(words)
    }

    async fn happen(
        &self,
        given: &Given,
        coupons: &mut HashMap<String, Made>,
    ) -> anyhow::Result<()> {
        let find = |name: &str| coupons.get(name).context("a coupon that nobody claimed");
        match given {
            Given::Claim { template, by, name } => {
                let made = self.claim(template, by).await?;
                coupons.insert(name.clone(), made);
                Ok(())
            }
            Given::Lock { coupon, order } => self.office.lock(find(coupon)?, order).await,
            Given::Use { coupon, order } => self.office.redeem(find(coupon)?, order).await,
            Given::Void { coupon } => self.office.void(find(coupon)?).await,
        }
    }
}
