//! Who may do what: roles of people, scopes of the merchant's servers, and what a route asks.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::id::{GatewayClientId, HolderId, KeyId, OperatorId};

/// What a person at work may do; an API key can stand for one too.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Owner,
    /// Runs campaigns: everything but accounts and access.
    Operator,
    /// At a till: looks coupons up and uses them.
    Clerk,
    /// Looks, changes nothing.
    Auditor,
}

/// What a server of the merchant's may do.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    sqlx::Type,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "KeyScope")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Scope {
    /// Look at anything.
    Read,
    /// Give coupons to people, and say who is who.
    Claim,
    /// Lock, use and give back, also by a bare code as at a till.
    Redeem,
    /// Everything.
    Admin,
}

/// What somebody was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// As a person at work.
    Role(Role),
    /// As a server; never empty.
    Scopes(Vec<Scope>),
}

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// Nothing: it is open to everybody.
    Nothing,
    /// To be a person with a session of a mini-program; they see only what is theirs.
    Holder,
    /// To be a person at work who has logged in, whatever their role.
    Operator,
    /// To be at work for the merchant, and allowed this.
    Staff(Permission),
}

/// What somebody at work may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Read anything that is shown to the merchant.
    Read,
    /// Change templates, placements, stock and codes; take coupons out of use.
    RunCampaigns,
    /// Give coupons to people, and say which member a holder is.
    Claim,
    /// Look a code up, and use it.
    Redeem,
    /// Keep coupons for orders or no longer, and give uses back.
    ManageOrders,
    /// Change accounts on platforms.
    ManageApps,
    /// Change who may do what, and who is told of what.
    ManageAccess,
}

/// Who did something, as history names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A server of the merchant's.
    Key(KeyId),
    /// A person at work.
    Operator(OperatorId),
    /// A person with coupons.
    Holder(HolderId),
    /// A front end of the merchant's that speaks a protocol of its own.
    Client(GatewayClientId),
    /// Nobody: time has passed.
    Kaquan,
}

impl Permission {
    /// Each of them.
    pub const ALL: [Self; 7] = [
        Self::Read,
        Self::RunCampaigns,
        Self::Claim,
        Self::Redeem,
        Self::ManageOrders,
        Self::ManageApps,
        Self::ManageAccess,
    ];
}

impl Role {
    /// Each of them, those with the most first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Operator, Self::Clerk, Self::Auditor];

    /// As the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Operator => "operator",
            Self::Clerk => "clerk",
            Self::Auditor => "auditor",
        }
    }

    /// Whether this role carries the permission; what is not listed is denied.
    pub const fn allows(self, permission: Permission) -> bool {
        use Permission::{
            Claim, ManageAccess, ManageApps, ManageOrders, Read, Redeem, RunCampaigns,
        };
        match (self, permission) {
            (Self::Owner, _)
            | (Self::Operator, Read | RunCampaigns | Claim | Redeem | ManageOrders)
            | (Self::Clerk, Redeem)
            | (Self::Auditor, Read) => true,
            (Self::Operator, ManageApps | ManageAccess)
            | (
                Self::Clerk,
                Read | RunCampaigns | Claim | ManageOrders | ManageApps | ManageAccess,
            )
            | (
                Self::Auditor,
                RunCampaigns | Claim | Redeem | ManageOrders | ManageApps | ManageAccess,
            ) => false,
        }
    }
}

impl Scope {
    /// Each of them, those with the most last.
    pub const ALL: [Self; 4] = [Self::Read, Self::Claim, Self::Redeem, Self::Admin];

    /// As the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Claim => "claim",
            Self::Redeem => "redeem",
            Self::Admin => "admin",
        }
    }

    /// Whether this scope carries the permission; what is not listed is denied.
    pub const fn allows(self, permission: Permission) -> bool {
        use Permission::{Claim, ManageOrders, Read, Redeem};
        match self {
            Self::Admin => true,
            Self::Read => matches!(permission, Read),
            Self::Claim => matches!(permission, Claim),
            Self::Redeem => matches!(permission, Redeem | ManageOrders),
        }
    }
}

impl Grant {
    /// Whether it carries the permission.
    pub fn allows(&self, permission: Permission) -> bool {
        match self {
            Self::Role(role) => role.allows(permission),
            Self::Scopes(scopes) => scopes.iter().any(|scope| scope.allows(permission)),
        }
    }

    /// Whether whoever has this can give the other one away: nobody gives what they do not have.
    pub fn covers(&self, other: &Self) -> bool {
        let missing =
            |permission: &Permission| other.allows(*permission) && !self.allows(*permission);
        !Permission::ALL.iter().any(missing)
    }
}

impl Actor {
    /// What sort of caller it is: what a person says of a cart is not what a till says.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::Operator(_) => "operator",
            Self::Holder(_) => "holder",
            Self::Client(_) => "client",
            Self::Kaquan => "time",
        }
    }

    /// The bare id of somebody; time has none.
    pub const fn uuid(self) -> Option<Uuid> {
        match self {
            Self::Key(id) => Some(id.uuid()),
            Self::Operator(id) => Some(id.uuid()),
            Self::Holder(id) => Some(id.uuid()),
            Self::Client(id) => Some(id.uuid()),
            Self::Kaquan => None,
        }
    }
}

impl From<Role> for Grant {
    fn from(role: Role) -> Self {
        Self::Role(role)
    }
}

/// As history and the merchant see it.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => id.fmt(f),
            Self::Operator(id) => id.fmt(f),
            Self::Holder(id) => id.fmt(f),
            Self::Client(id) => id.fmt(f),
            Self::Kaquan => f.write_str("kaquan"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gives_what_they_do_not_have() {
        let scopes = |scopes: &[Scope]| Grant::Scopes(scopes.to_vec());
        let cases: [(Grant, Grant, bool); 10] = [
            (Role::Owner.into(), Role::Owner.into(), true),
            (Role::Owner.into(), scopes(&[Scope::Admin]), true),
            (scopes(&[Scope::Admin]), Role::Owner.into(), true),
            (Role::Operator.into(), scopes(&[Scope::Read, Scope::Claim, Scope::Redeem]), true),
            (Role::Operator.into(), Role::Owner.into(), false),
            (scopes(&[Scope::Read, Scope::Redeem]), Role::Clerk.into(), true),
            (scopes(&[Scope::Read]), Role::Clerk.into(), false),
            (scopes(&[Scope::Redeem]), Role::Clerk.into(), true),
            (Role::Clerk.into(), scopes(&[Scope::Redeem]), false),
            (Role::Auditor.into(), scopes(&[Scope::Claim]), false),
        ];
        for (mine, theirs, covers) in cases {
            assert_eq!(mine.covers(&theirs), covers, "{mine:?} {theirs:?}");
        }
    }

    #[test]
    fn a_clerk_only_looks_up_and_redeems() {
        let allowed = Permission::ALL.into_iter().filter(|asked| Role::Clerk.allows(*asked));

        assert_eq!(allowed.collect::<Vec<_>>(), [Permission::Redeem]);
    }

    #[test]
    fn names_are_those_of_the_api() {
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        for scope in Scope::ALL {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
        }
    }
}
