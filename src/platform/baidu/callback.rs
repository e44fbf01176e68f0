//! `POST /callbacks/baidu/{token}`: Baidu asks for a code because a user has taken a coupon there.

use std::{fmt::Display, net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta};
use http::{HeaderMap, Request, header};
use secrecy::SecretString;
use url::Url;

use super::{
    reply::Reply,
    settings::Settings,
    sign::Signed,
    wire::{self, Malformed, Taken},
};
use crate::{
    clock::Clock,
    domain::{
        app::PlatformKind,
        claim::{ClaimRefusal, PassingRefusal},
        stock::Way,
    },
    http::{
        arrival::{Line, with_receipt},
        client_address::client_address,
    },
    issuing::{self, Answer, Issuer, Made, NoAnswer, OfferKey},
    service::{
        repair_reply::{Doubts, Watch},
        route::{Directory, Route},
        source::Sources,
    },
};

/// What the callback needs.
#[derive(Clone)]
pub struct Callbacks {
    /// Knows what a token leads to.
    pub directory: Arc<Directory>,
    /// Issues.
    pub issuer: Issuer,
    /// Takes care of answers that may not have arrived.
    pub doubts: Arc<Doubts>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Learns where Baidu calls from.
    pub sources: Arc<Sources>,
    /// How far a new record's timestamp may be from now.
    pub window: TimeDelta,
    /// Hops whose word about the caller's address is taken.
    pub trusted_proxies: Arc<[ipnet::IpNet]>,
}

/// The longest body that is read.
const LONGEST_BODY: usize = 64 * 1024;
/// How long a body may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(5);
/// How long Baidu waits for an answer. "平台为用户分配券" does not say; the newer push of events says 3 seconds.
const BAIDU_PATIENCE: TimeDelta = TimeDelta::seconds(3);

/// The callback's routes.
pub fn router(state: Callbacks) -> Router {
    Router::new().route("/callbacks/baidu/{token}", post(callback)).with_state(state)
}

/// The address that Baidu is told to call, below our own. Whoever knows it can call it.
pub fn address(base: &Url, secret: &str) -> SecretString {
    let base = base.as_str().trim_end_matches('/');
    SecretString::from(format!("{base}/callbacks/baidu/{secret}"))
}

/// Answers one callback. Whatever goes wrong here, the answer is Baidu's to understand.
async fn callback(State(state): State<Callbacks>, request: Request<Body>) -> Response {
    let began = state.clock.now();
    let line = request.extensions().get::<Line>().cloned();
    let (reply, watch) = state.answer(request).await;
    metrics::counter!("kaquan_baidu_callbacks_total", "outcome" => reply.outcome()).increment(1);
    let response = reply.into_response();
    let Some(watch) = watch else { return response };
    let clock = state.clock;
    let receipt = move || {
        // Later than that, nobody at Baidu is listening: the watch is dropped here, and with it left in doubt.
        if clock.now() - began <= BAIDU_PATIENCE {
            watch.arrived();
        }
    };
    with_receipt(response, line, Box::new(receipt))
}

impl Callbacks {
    /// The answer; with a watch when Baidu has to hear it.
    async fn answer(&self, request: Request<Body>) -> (Reply, Option<Watch>) {
        match self.understand(request).await {
            Ok(request) => self.issue(request).await,
            Err(reply) => (reply, None),
        }
    }

    async fn understand(&self, request: Request<Body>) -> Result<issuing::Request, Reply> {
        // The token stands last in the path; it is not taken from an extractor, so that none can print it.
        let token = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        let mut route = known(self.directory.find(&token, PlatformKind::Baidu).await)?;
        let caller = client_address(&request, &self.trusted_proxies);
        // Only what was understood is kept while the engine works: with thousands waiting, bodies add up.
        let letter = {
            let body = read_body(request).await?;
            wire::read(&body).map_err(Reply::Malformed)?
        };
        // Another server may have changed it a moment ago. Of one without an id, memory is as fresh as can be.
        if route.platform_ref.is_some() && !is_about(&route, &letter) {
            route = known(self.directory.find_anew(&token, PlatformKind::Baidu).await)?;
        }
        self.check(&route, letter, caller)
    }

    /// After "平台为用户分配券": template, then sign; the engine alone knows old records from new.
    fn check(
        &self,
        route: &Route,
        taken: Taken,
        caller: Option<IpAddr>,
    ) -> Result<issuing::Request, Reply> {
        // Baidu knows the template, and we do not know yet what it is called there: a publication is being settled.
        if route.platform_ref.is_none() {
            return Err(Reply::Busy);
        }
        // A leaked token cannot issue for another campaign.
        if !is_about(route, &taken) {
            tracing::warn!(placement.id = %route.placement, "A callback names another template");
            return Err(Reply::OtherTemplate);
        }
        let signed = Signed {
            record_id: taken.record.as_str(),
            open_id: taken.open_id.as_str(),
            coupon_template_id: &taken.coupon_template_id,
            timestamp: &taken.timestamp,
        };
        let readings = Settings::read(&route.settings).readings();
        let Some(reading) = signed.verify(&taken.sign, readings) else {
            tracing::warn!(placement.id = %route.placement, "A callback has a wrong sign");
            return Err(Reply::BadSign);
        };
        metrics::counter!("kaquan_baidu_signs_total", "reading" => reading.name()).increment(1);
        if let Some(caller) = caller {
            self.sources.observe(route.app, caller);
        }
        let made = DateTime::from_timestamp(taken.seconds, 0)
            .map(|at| Made { at, tolerance: self.window });
        Ok(issuing::Request {
            app: route.app,
            offer: OfferKey {
                template: route.template,
                placement: route.placement,
                way: Way::Take,
            },
            open_id: taken.open_id,
            record: taken.record,
            made,
            member: None,
            is_one_off: false,
            given: None,
        })
    }

    async fn issue(&self, request: issuing::Request) -> (Reply, Option<Watch>) {
        let placement = request.offer.placement;
        // From here on a coupon may come of it, whoever is still there to hear so.
        let watch = self.doubts.watch(request.app, request.record.clone());
        match self.issuer.issue(request).await {
            Ok(Answer::Issued(coupon)) => (Reply::Code(coupon.code), Some(watch)),
            Ok(Answer::Refused(refusal)) => {
                watch.dismiss();
                // Baidu never does that: somebody guesses, or replays with changes.
                if refusal == ClaimRefusal::from(PassingRefusal::RecordTaken) {
                    tracing::warn!(placement.id = %placement, "A callback reuses a record");
                }
                (Reply::Refused(refusal), None)
            }
            Err(NoAnswer::Full) => {
                watch.dismiss();
                (Reply::Busy, None)
            }
            // The engine may yet give a code, of which Baidu then has to be told.
            Err(NoAnswer::Busy | NoAnswer::Failed) => (Reply::Busy, None),
        }
    }
}

/// What a token leads to.
fn known(found: Result<Option<Arc<Route>>, impl Display>) -> Result<Arc<Route>, Reply> {
    match found {
        Ok(Some(route)) => Ok(route),
        Ok(None) => Err(Reply::NotFound),
        Err(error) => {
            tracing::error!(error = %error, "Cannot look up a callback token");
            Err(Reply::Busy)
        }
    }
}

/// Whether the call names the token's own template.
fn is_about(route: &Route, taken: &Taken) -> bool {
    route.platform_ref.as_deref() == Some(taken.coupon_template_id.as_str())
}

/// Reads a JSON body of a decent size; Baidu's content type is not documented, so only what cannot be JSON is refused.
async fn read_body(request: Request<Body>) -> Result<Bytes, Reply> {
    let (parts, body) = request.into_parts();
    if !may_be_json(&parts.headers) {
        return Err(Reply::NotJson);
    }
    let announced = parts.headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > LONGEST_BODY as u64) {
        return Err(Reply::TooLarge);
    }
    match tokio::time::timeout(BODY_PATIENCE, axum::body::to_bytes(body, LONGEST_BODY)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if is_too_long(&error) => Err(Reply::TooLarge),
        Ok(Err(_)) => Err(Reply::Malformed(Malformed::Json)),
        Err(_) => Err(Reply::TooSlow),
    }
}

/// Whether a body went past its limit; otherwise it broke off, or its chunks are none.
fn is_too_long(error: &axum::Error) -> bool {
    let cause = std::error::Error::source(error);
    cause.is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>)
}

fn may_be_json(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = text(header::CONTENT_TYPE).to_ascii_lowercase();
    let encoding = text(header::CONTENT_ENCODING);
    let form =
        kind.starts_with("application/x-www-form-urlencoded") || kind.starts_with("multipart/");
    !form && (encoding.is_empty() || encoding.eq_ignore_ascii_case("identity"))
}
