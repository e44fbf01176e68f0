//! Typed ids: a `uuid` in Postgres, `cpn_0192…` in JSON, URLs and logs.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde_with::{DeserializeFromStr, SerializeDisplay};
use uuid::Uuid;

/// The text is not an id of the kind that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}_ and 32 hexadecimal digits")]
pub struct InvalidId {
    prefix: &'static str,
}

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(sqlx::Type, SerializeDisplay, DeserializeFromStr)]
        #[sqlx(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh id that sorts by the moment it was made.
            pub fn new(now: DateTime<Utc>) -> Self {
                Self(Uuid::new_v7(stamp(now)))
            }

            /// The smallest id that can be made at `now` or later.
            pub fn first_at(now: DateTime<Utc>) -> Self {
                let milliseconds = u64::try_from(now.timestamp_millis()).unwrap_or_default();
                Self(uuid::Builder::from_unix_timestamp_millis(milliseconds, &[0; 10]).into_uuid())
            }

            /// The bare value, for arrays in SQL.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "pattern": concat!("^", $prefix, "_[0-9a-f]{32}$"),
                })
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let invalid = InvalidId { prefix: $prefix };
                let hex = text.strip_prefix(concat!($prefix, "_")).ok_or(invalid)?;
                // Other spellings of a uuid would give one thing two names.
                let canonical = hex.len() == 32 && !hex.bytes().any(|byte| byte.is_ascii_uppercase());
                if !canonical {
                    return Err(invalid);
                }
                Uuid::try_parse(hex).map(Self).map_err(|_| invalid)
            }
        }
    };
}

typed_id!(
    /// One account on one platform.
    AppId, "app"
);
typed_id!(
    /// What a coupon is worth, to whom, and when.
    TemplateId, "tpl"
);
typed_id!(
    /// A template as it stands on one app.
    PlacementId, "plc"
);
typed_id!(
    /// One named change of a stock.
    AdditionId, "add"
);
typed_id!(
    /// One secret callback address.
    TokenId, "tok"
);
typed_id!(
    /// One message of a platform's about cards.
    PushId, "psh"
);
typed_id!(
    /// One upload of codes.
    ImportId, "imp"
);
typed_id!(
    /// One uploaded code.
    CodeId, "cod"
);
typed_id!(
    /// One comparison of the platform's figures with ours.
    ReconciliationId, "rcn"
);
typed_id!(
    /// A person as one app knows them.
    HolderId, "hld"
);
typed_id!(
    /// A person as the merchant knows them.
    MemberId, "mbr"
);
typed_id!(
    /// Whom a per-person limit counts: a member, or a holder who is linked to none.
    PersonId, "per"
);
typed_id!(
    /// One coupon in one holder's hands.
    CouponId, "cpn"
);
typed_id!(
    /// Leave to take one card on its platform.
    CardClaimId, "ccl"
);
typed_id!(
    /// One API key.
    KeyId, "key"
);
typed_id!(
    /// One thing that we owe a platform.
    DeliveryId, "dlv"
);
typed_id!(
    /// One use of a coupon.
    RedemptionId, "rdm"
);
typed_id!(
    /// A person who works for the merchant.
    OperatorId, "opr"
);
typed_id!(
    /// One stay of somebody who has logged in.
    SessionId, "ses"
);
typed_id!(
    /// Something that happened.
    EventId, "evt"
);
typed_id!(
    /// One picture that leads to a coupon on a platform.
    BannerId, "ban"
);
typed_id!(
    /// A front end of the merchant's that calls in a protocol of its own.
    GatewayClientId, "gwc"
);
typed_id!(
    /// What such a front end acts for.
    GatewayGrantId, "gwg"
);
typed_id!(
    /// A page that front ends ask for by a code of its content.
    PageId, "pag"
);

/// Whether the text is an id of ours, of whatever kind: a word of three letters and 32 hexadecimal digits.
pub fn is_ours(text: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.split_once('_').is_some_and(|(kind, id)| {
        kind.len() == 3
            && kind.bytes().all(|byte| byte.is_ascii_lowercase())
            && id.len() == 32
            && id.bytes().all(hex)
    })
}

impl HolderId {
    /// The id of `open_id` on `app`, derived so that servers which meet somebody new at once agree on it.
    pub fn derive(app: AppId, open_id: &str) -> Self {
        Self(Uuid::new_v5(&app.0, open_id.as_bytes()))
    }
}

impl From<MemberId> for PersonId {
    fn from(member: MemberId) -> Self {
        Self(member.0)
    }
}

impl From<HolderId> for PersonId {
    fn from(holder: HolderId) -> Self {
        Self(holder.0)
    }
}

fn stamp(now: DateTime<Utc>) -> uuid::Timestamp {
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    uuid::Timestamp::from_unix(uuid::NoContext, seconds, now.timestamp_subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads_back_the_same_id() {
        let id = CouponId::new(DateTime::UNIX_EPOCH);

        assert!(id.to_string().starts_with("cpn_"));
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn an_id_of_any_kind_is_known_as_one_of_ours() {
        let id = CouponId::new(DateTime::UNIX_EPOCH).to_string();

        assert!(is_ours(&id));
        for other in ["nobody", "cpn_", &id[1..], &format!("{id}0"), &id.to_uppercase()] {
            assert!(!is_ours(other), "{other}");
        }
    }

    #[test]
    fn refuses_other_kinds_and_other_spellings() {
        let id = CouponId::new(DateTime::UNIX_EPOCH).to_string();

        assert!(id.parse::<TemplateId>().is_err());
        assert!(id.to_uppercase().parse::<CouponId>().is_err());
        assert!(format!("{id}0").parse::<CouponId>().is_err());
        assert!("cpn_".parse::<CouponId>().is_err());
    }

    #[test]
    fn ids_are_not_smaller_than_the_first_of_their_moment() {
        let now: DateTime<Utc> = "2026-11-11T04:00:00.123456Z".parse().unwrap();
        let next = now + chrono::TimeDelta::milliseconds(1);

        for _ in 0..100 {
            let id = DeliveryId::new(now);

            assert!(DeliveryId::first_at(now) <= id && id < DeliveryId::first_at(next));
        }
    }

    #[test]
    fn one_person_of_one_app_has_one_holder_id() {
        let (here, there) = (AppId::from(Uuid::from_u128(1)), AppId::from(Uuid::from_u128(2)));

        assert_eq!(HolderId::derive(here, "open-1"), HolderId::derive(here, "open-1"));
        assert_ne!(HolderId::derive(here, "open-1"), HolderId::derive(there, "open-1"));
        assert_ne!(HolderId::derive(here, "open-1"), HolderId::derive(here, "open-2"));
    }
}
