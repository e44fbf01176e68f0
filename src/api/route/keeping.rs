//! What becomes of a POST that is sent twice: the one list, in which a route that is not named has its answers kept.

use super::Route;

/// What is done for a caller who sends the same request again with the same `Idempotency-Key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// Nothing: the method can be repeated by itself, or the body is a stream that can be sent again.
    Nothing,
    /// The key is required, and the use case itself remembers it for ever.
    OwnKey,
    /// The answer is kept when there is a key.
    Kept,
    /// The answer is kept, and the key is required.
    Required,
    /// The answer is kept when there is a key, and sealed: it shows a secret.
    Sealed,
}

/// The exceptions among the POSTs.
const EXCEPTIONS: &[(&str, Keeping)] = &[
    ("/v1/admin/coupons/{coupon}/void", Keeping::Required),
    ("/v1/admin/placements", Keeping::Sealed),
    ("/v1/admin/placements/{placement}/callback-token-rotations", Keeping::Sealed),
    ("/v1/admin/templates/{template}/code-imports", Keeping::Nothing),
    ("/v1/admin/templates/{template}/void-unused", Keeping::Required),
    // Those only look, and are to see what is there now.
    ("/v1/cart-matches", Keeping::Nothing),
    ("/v1/claim-batches", Keeping::Required),
    ("/v1/claims", Keeping::OwnKey),
    ("/v1/coupon-lookups", Keeping::Nothing),
    ("/v1/give-backs", Keeping::Required),
    ("/v1/locks", Keeping::Required),
    ("/v1/mini/cards/claims", Keeping::Required),
    ("/v1/mini/cards/claims/{claim}/result", Keeping::Nothing),
    ("/v1/mini/cards/lookup", Keeping::Nothing),
    ("/v1/mini/cards/open", Keeping::Nothing),
    ("/v1/mini/cart-matches", Keeping::Nothing),
    ("/v1/mini/claim-batches", Keeping::Required),
    ("/v1/mini/claims", Keeping::OwnKey),
    ("/v1/mini/redemptions", Keeping::OwnKey),
    ("/v1/redemptions", Keeping::OwnKey),
    ("/v1/unlocks", Keeping::Required),
];

/// Everything at and below these addresses hands out secrets.
const HAND_OUT_SECRETS: &[&str] = &[
    "/v1/admin/gateway-clients",
    "/v1/admin/keys",
    "/v1/admin/operators",
    "/v1/admin/sessions",
    "/v1/admin/webhook-endpoints",
    "/v1/mini/sessions",
];

impl Keeping {
    /// What is done for those who ask this route.
    pub fn of(route: &Route) -> Self {
        if route.method != "post" {
            return Self::Nothing;
        }
        if let Some((_, keeping)) = EXCEPTIONS.iter().find(|(path, _)| *path == route.path) {
            return *keeping;
        }
        if HAND_OUT_SECRETS.iter().any(|address| is_at_or_below(route.path, address)) {
            return Self::Sealed;
        }
        Self::Kept
    }

    /// Whether a request without a key is refused.
    pub const fn requires_key(self) -> bool {
        matches!(self, Self::OwnKey | Self::Required)
    }
}

fn is_at_or_below(path: &str, address: &str) -> bool {
    path.strip_prefix(address).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use schemars::SchemaGenerator;

    use super::*;

    #[test]
    fn every_exception_is_a_post_that_is_there_and_is_named_once() {
        let posts: Vec<_> = super::super::all().filter(|route| route.method == "post").collect();
        for address in HAND_OUT_SECRETS {
            assert!(posts.iter().any(|post| is_at_or_below(post.path, address)), "{address}");
        }
        let mut seen = std::collections::HashSet::new();
        for (path, keeping) in EXCEPTIONS {
            assert!(posts.iter().any(|post| post.path == *path), "there is no POST {path}");
            assert!(seen.insert(path), "{path} stands twice");
            assert_ne!(*keeping, Keeping::Kept, "{path} needs no line");
        }
        assert!(is_at_or_below("/v1/admin/keys/{key}/rotate", "/v1/admin/keys"));
        assert!(!is_at_or_below("/v1/admin/keysmith", "/v1/admin/keys"));
    }

    /// What such an answer calls a secret that it shows.
    const SECRETS: [&str; 5] =
        ["\"secret\"", "\"token\"", "\"key\"", "\"callback_url\"", "\"password\""];

    #[test]
    fn no_answer_that_shows_a_secret_is_kept_in_the_clear() {
        for route in super::super::all() {
            let Some(gives) = &route.doc.gives else { continue };
            let mut generator = SchemaGenerator::default();
            let shape = serde_json::to_string(&(gives.describe)(&mut generator)).unwrap();
            let parts = serde_json::to_string(generator.definitions()).unwrap();
            let shows = SECRETS.iter().any(|name| (shape.clone() + &parts).contains(name));
            if shows && Keeping::of(route) != Keeping::Nothing {
                assert_eq!(Keeping::of(route), Keeping::Sealed, "{} {}", route.method, route.path);
            }
        }
    }
}
