//! What somebody holds, as either protocol shows it.

use serde_json::{Value, json};

use super::{Coupon, FrontEnds};
use crate::support::zvcms;

/// What both protocols say of a coupon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// As people read it in zvcms.
    pub label: String,
    /// The order that keeps it or has used it, as told in Yoho.
    pub order: String,
}

/// A cart of 120.00.
const CART: &str = r#"[{"bar_code":"tea","offline_price":60,"buy_num":2}]"#;

impl FrontEnds {
    /// A coupon as zvcms shows it.
    pub async fn item(&self, code: &str) -> Value {
        let wish = json!({ "verify_code": code });
        self.zvcms("coupon.user-coupon-info", wish).await.done()
    }

    /// The numbers of the member's coupons that zvcms lists so.
    pub async fn listed(&self, uid: &str, mut wish: Value) -> Vec<i64> {
        wish["user_id"] = json!(uid);
        let data = self.zvcms(zvcms::LIST, wish).await.done();
        numbers(&data["item_list"])
    }

    /// Those that it shows for a cart of 120.00.
    pub async fn matched(&self, uid: &str) -> Vec<i64> {
        self.listed(uid, json!({ "shopping": "1", "checked": CART })).await
    }

    /// The numbers of the member's coupons in a tab of Yoho, each with its order; the lists and the total agree.
    pub async fn tab(&self, uid: &str, tab: &str) -> Vec<(i64, String)> {
        let page = [("uid", uid), ("type", tab), ("page", "1"), ("limit", "100")];
        let lists = self.yoho("app.coupons.lists", &page).await.yes();
        let total = self.yoho("app.coupons.total", &page[..2]).await.yes();
        let rows = rows(&lists["couponList"], "orderCode");
        assert_eq!((&lists["total"], &total["total"]), (&json!(rows.len()), &json!(rows.len())));
        rows
    }

    /// The same of the older list: 0 for what is unused, anything else for what is used.
    pub async fn li(&self, uid: &str, status: &str) -> Vec<(i64, String)> {
        let page = [("uid", uid), ("status", status), ("page", "1"), ("limit", "100")];
        let page = self.yoho("app.coupons.li", &page).await.yes();
        let rows = rows(&page["info"], "order_code");
        assert_eq!(page["total"], rows.len());
        rows
    }

    /// What both protocols say of it; it is an error of either if they differ.
    pub async fn shown(&self, coupon: &Coupon) -> Shown {
        let Coupon { uid, code, number } = coupon;
        let item = self.item(code).await;
        let label = item["date_time"].as_str().unwrap().to_owned();
        let (tab, expire, flags) = match &*label {
            "未使用" => ("notuse", "canuse", (0, 1)),
            "已锁定" => ("use", "canuse", (0, 2)),
            "已使用" => ("use", "used", (1, 1)),
            "已过期" => ("overtime", "expired", (0, 1)),
            other => panic!("{other}"),
        };
        assert_eq!(flags, (item["status"].as_i64().unwrap(), item["is_lock"].as_i64().unwrap()));
        let mut order = None;
        for other in ["notuse", "use", "overtime"] {
            let found = self.tab(uid, other).await.into_iter().find(|(id, _)| id == number);
            assert_eq!(found.is_some(), other == tab, "{label} and in {other}: {found:?}");
            order = order.or(found.map(|(_, order)| order));
        }
        for other in ["canuse", "used", "expired"] {
            let listed = self.listed(uid, json!({ "expire": other })).await;
            assert_eq!(listed.contains(number), other == expire, "{label} and {other}");
        }
        let order = order.unwrap();
        let li = self.li(uid, "1").await;
        assert_eq!(li.contains(&(*number, order.clone())), tab == "use", "{label}: {li:?}");
        Shown { label, order }
    }
}

impl Shown {
    pub fn new(label: &str, order: &str) -> Self {
        Self { label: label.to_owned(), order: order.to_owned() }
    }
}

fn numbers(items: &Value) -> Vec<i64> {
    items.as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect()
}

/// Rows of a list, which is left out where it is empty.
fn rows(list: &Value, order: &str) -> Vec<(i64, String)> {
    let rows = list.as_array().into_iter().flatten();
    let row = |row: &Value| (row["id"].as_i64().unwrap(), row[order].as_str().unwrap().to_owned());
    rows.map(row).collect()
}
