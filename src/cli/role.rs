//! Roles as they are typed.

use clap::ValueEnum;

use crate::domain::access::Role;

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum RoleName {
    /// Everything.
    Owner,
    /// Runs campaigns: everything but accounts and access.
    Operator,
    /// At a till: looks coupons up and uses them.
    Clerk,
    /// Looks, changes nothing.
    Auditor,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Owner => Self::Owner,
            RoleName::Operator => Self::Operator,
            RoleName::Clerk => Self::Clerk,
            RoleName::Auditor => Self::Auditor,
        }
    }
}
