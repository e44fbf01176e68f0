//! How callers of the Yoho protocol are answered.

use std::collections::HashSet;

use serde::Deserialize;

/// How callers of the Yoho protocol are answered. Its clients, with their keys and salts, are in the database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Yoho {
    /// Where it is served, each also with a slash at its end; `[]` for nowhere.
    pub paths: Vec<String>,
    /// What a person reads who has just claimed a coupon; some clients expect 优惠券领取成功.
    pub claim_success_message: String,
    /// Whether birthday coupons are listed with their `couponType` too.
    pub birthday_coupon_type: bool,
    /// Requests per second of one client, in the long run.
    pub client_rate: u32,
    /// And at once.
    pub client_burst: u32,
    /// Claims per second in the name of one person, in the long run; a batch is one.
    pub claim_rate: u32,
    /// And at once.
    pub claim_burst: u32,
    /// Requests per second from one address for what a client has made public, without a signature, in the long run.
    pub public_rate: u32,
    /// And at once.
    pub public_burst: u32,
}

/// Finer than a caller could notice.
const MOST: u32 = 1_000_000;
/// What else is served here begins so.
const TAKEN: [&str; 6] = ["v1", "callbacks", "health", "docs", "openapi.json", "metrics"];

impl Default for Yoho {
    fn default() -> Self {
        Self {
            paths: vec!["/gateway".to_owned()],
            claim_success_message: "操作成功".to_owned(),
            birthday_coupon_type: false,
            client_rate: 5000,
            client_burst: 10_000,
            claim_rate: 5,
            claim_burst: 5,
            public_rate: 20,
            public_burst: 60,
        }
    }
}

impl Yoho {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        for path in &self.paths {
            if !is_path(path) {
                problems.push(format!(
                    "[yoho] paths: `{path}` must begin with a slash, not end with one, and hold \
                     letters, digits, - and _ only; `/` alone is one"
                ));
            }
            let first = path.split('/').nth(1).unwrap_or_default();
            if TAKEN.contains(&first) {
                problems.push(format!("[yoho] paths: `/{first}` is something else"));
            }
        }
        if self.paths.iter().collect::<HashSet<_>>().len() < self.paths.len() {
            problems.push("[yoho] paths: each only once".to_owned());
        }
        if self.claim_success_message.trim().is_empty() {
            problems.push("[yoho] claim_success_message: must say something".to_owned());
        }
        for (name, value) in [
            ("client_rate", self.client_rate),
            ("client_burst", self.client_burst),
            ("claim_rate", self.claim_rate),
            ("claim_burst", self.claim_burst),
            ("public_rate", self.public_rate),
            ("public_burst", self.public_burst),
        ] {
            if !(1..=MOST).contains(&value) {
                problems.push(format!("[yoho] {name}: 1 to {MOST}"));
            }
        }
    }
}

fn is_path(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(plain);
    path == "/" || path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_plain_and_nobody_elses() {
        for (path, fits) in [
            ("/gateway", true),
            ("/", true),
            ("/a/b-c_1", true),
            ("gateway", false),
            ("/gateway/", false),
            ("//", false),
            ("", false),
            ("/{x}", false),
            ("/v1/yoho", false),
            ("/health", false),
        ] {
            let mut problems = Vec::new();

            Yoho { paths: vec![path.to_owned()], ..Yoho::default() }.check(&mut problems);

            assert_eq!(problems.is_empty(), fits, "{path} {problems:?}");
        }
        let twice = vec!["/gateway".to_owned(); 2];
        let mut problems = Vec::new();
        Yoho { paths: twice, ..Yoho::default() }.check(&mut problems);
        assert_eq!(problems, ["[yoho] paths: each only once"]);
    }
}
