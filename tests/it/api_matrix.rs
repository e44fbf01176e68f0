//! Who is let in where: every route with every sort of caller, and with what is somebody else's.

use axum::body::Body;
use http::{Request, StatusCode};
use kaquan::{
    api::route::{self, Route},
    domain::{
        access::{Asks, Grant, Role, Scope},
        id::{AppId, HolderId},
    },
};
use serde_json::Value;

use crate::support::{
    admin::{Admin, Reply},
    matrix::{Foreign, ROWS, concrete, nobodys_coupon},
    people,
};

/// A sort of caller.
#[derive(Debug, Clone)]
enum Who {
    Nobody,
    Holder,
    Key(Grant),
    AtWork(Role),
}

/// What a caller is told who is not let in.
#[derive(Debug, PartialEq, Eq)]
enum Door {
    Open,
    WhoAreYou,
    Forbidden,
}

fn name(route: &Route) -> String {
    format!("{} {}", route.method.to_uppercase(), route.path)
}

fn row(route: &Route) -> &'static (&'static str, Asks, Foreign) {
    let name = name(route);
    let row = ROWS.iter().find(|(known, ..)| *known == name);
    row.unwrap_or_else(|| panic!("{name} needs a row in tests/it/support/matrix.rs"))
}

fn everybody() -> Vec<Who> {
    let roles = [Role::Owner, Role::Operator, Role::Clerk, Role::Auditor];
    let scopes = [Scope::Read, Scope::Claim, Scope::Redeem, Scope::Admin];
    let mut everybody = vec![Who::Nobody, Who::Holder];
    everybody.extend(roles.map(|role| Who::Key(role.into())));
    everybody.extend(scopes.map(|scope| Who::Key(Grant::Scopes(vec![scope]))));
    everybody.push(Who::Key(Grant::Scopes(vec![Scope::Read, Scope::Redeem])));
    everybody.extend(roles.map(Who::AtWork));
    everybody
}

fn expected(who: &Who, asks: Asks) -> Door {
    let staff = |allowed: bool| if allowed { Door::Open } else { Door::Forbidden };
    match (asks, who) {
        (Asks::Nothing, _) | (Asks::Holder, Who::Holder) | (Asks::Operator, Who::AtWork(_)) => {
            Door::Open
        }
        (Asks::Holder, Who::Nobody | Who::Key(_) | Who::AtWork(_))
        | (Asks::Operator | Asks::Staff(_), Who::Nobody | Who::Holder) => Door::WhoAreYou,
        (Asks::Operator, Who::Key(_)) => Door::Forbidden,
        (Asks::Staff(permission), Who::Key(grant)) => staff(grant.allows(permission)),
        (Asks::Staff(permission), Who::AtWork(role)) => staff(role.allows(permission)),
    }
}

async fn token(admin: &Admin, app: AppId, who: &Who) -> Option<String> {
    match who {
        Who::Nobody => None,
        Who::Holder => Some(people::holder(&admin.state, app, "open-1").await),
        Who::Key(grant) => Some(people::key(&admin.state, grant.clone()).await),
        Who::AtWork(role) => {
            let operator = people::operator(&admin.state, *role).await;
            Some(people::work_session(&admin.state, operator).await)
        }
    }
}

fn request(method: &str, path: &str, token: Option<&str>, body: Option<String>) -> Request<Body> {
    let mut request = Request::builder()
        .method(method.to_uppercase().as_str())
        .uri(path)
        .header("idempotency-key", "matrix");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    match body {
        Some(body) => request.header("content-type", "application/json").body(body.into()),
        None => request.body(Body::empty()),
    }
    .unwrap()
}

async fn app(admin: &Admin) -> AppId {
    admin.given_app("key").await.parse().unwrap()
}

#[test]
fn every_route_asks_what_the_matrix_says() {
    for route in route::all() {
        assert_eq!(row(route).1, route.asks, "{}", name(route));
    }
    let gone = ROWS.iter().filter(|(row, ..)| !route::all().any(|route| name(route) == *row));
    assert_eq!(gone.map(|(row, ..)| *row).collect::<Vec<_>>(), [""; 0]);
}

#[tokio::test]
async fn everybody_is_let_in_exactly_where_the_matrix_says() {
    let admin = Admin::new().await;
    let app = app(&admin).await;
    for who in everybody() {
        // A key stands for all its requests; a session may be ended by one of them.
        let key = match who {
            Who::Key(_) => token(&admin, app, &who).await,
            Who::Nobody | Who::Holder | Who::AtWork(_) => None,
        };
        for route in route::all() {
            let token = match who {
                Who::Key(_) => key.clone(),
                Who::Nobody | Who::Holder | Who::AtWork(_) => token(&admin, app, &who).await,
            };
            let path = concrete(route.path);
            let reply = admin.send(request(route.method, &path, token.as_deref(), None)).await;

            let door = match reply.status {
                StatusCode::UNAUTHORIZED => Door::WhoAreYou,
                StatusCode::FORBIDDEN => Door::Forbidden,
                _ => Door::Open,
            };
            let what = format!("{who:?} {}: {:?}", name(route), reply.body);
            assert_eq!(door, expected(&who, route.asks), "{what}");
            assert_ne!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{what}");
            match door {
                Door::Open => {}
                Door::WhoAreYou => {
                    assert_eq!(reply.headers["www-authenticate"], "Bearer", "{what}");
                    assert_eq!(reply.body["code"], "unauthenticated", "{what}");
                }
                Door::Forbidden => assert_eq!(reply.body["code"], "forbidden", "{what}"),
            }
        }
    }
}

#[tokio::test]
async fn what_is_somebody_elses_is_as_good_as_not_there() {
    let admin = Admin::new().await;
    let app = app(&admin).await;
    let me = people::holder(&admin.state, app, "open-me").await;
    let theirs = coupon_of_another(&admin, app).await;
    for route in route::all() {
        let (_, asks, foreign) = row(route);
        let named = route.path.contains('{');
        let ask = async |coupon: &str, body: Option<&str>| {
            let path = concrete(&route.path.replace("{coupon}", coupon));
            let body = body.map(|body| body.replace("{coupon}", coupon));
            answer(admin.send(request(route.method, &path, Some(&me), body)).await)
        };
        let body = match foreign {
            Foreign::Nothing => {
                assert!(!named, "{} names something: whose is it?", name(route));
                continue;
            }
            Foreign::Merchants => {
                assert!(matches!(asks, Asks::Staff(_)), "{} is for people", name(route));
                continue;
            }
            Foreign::CardClaim => continue,
            Foreign::CouponInPath => None,
            Foreign::CouponInBody(body) => Some(*body),
        };

        let (seen, unknown) = (ask(&theirs, body).await, ask(&nobodys_coupon(), body).await);
        assert_eq!(seen, unknown, "{}", name(route));
        assert_eq!(seen.0, StatusCode::NOT_FOUND, "{}: {}", name(route), seen.1);
    }
}

/// A reply without what differs in any two.
fn answer(reply: Reply) -> (StatusCode, Value) {
    let mut body = reply.body;
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
    }
    (reply.status, body)
}

/// A coupon in the wallet of somebody else on the same app.
async fn coupon_of_another(admin: &Admin, app: AppId) -> String {
    people::holder(&admin.state, app, "open-another").await;
    let template = admin.given_template(serde_json::json!({})).await;
    let template: kaquan::domain::id::TemplateId = template.parse().unwrap();
    let body = serde_json::json!({ "template_id": template, "app_id": app, "platform_ref": "7" });
    let placement = admin.post("/v1/admin/placements", body).await.created();
    let placement: kaquan::domain::id::PlacementId =
        placement["id"].as_str().unwrap().parse().unwrap();
    let coupon = kaquan::domain::id::CouponId::new(admin.state.now());
    let holder = HolderId::derive(app, "open-another");
    sqlx::query(
        "insert into coupon (coupon_id, placement_id, template_id, terms_version, app_id, holder_id,
            person_id, ordinal, record, way, code, valid_from, valid_until, issued_at)
         values ($1, $2, $3, 1, $4, $5, $5, 1, 'r', 'claim', 'CODE0001', $6,
            date_trunc('day', $6, 'Asia/Shanghai') + interval '7 days', $6)",
    )
    .bind(coupon.uuid())
    .bind(placement.uuid())
    .bind(template.uuid())
    .bind(app.uuid())
    .bind(holder.uuid())
    .bind(admin.state.now())
    .execute(admin.db())
    .await
    .unwrap();
    coupon.to_string()
}
