//! What the holder of an API key may do.

use serde::{Deserialize, Serialize};

/// The role of an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Owner,
    /// Runs campaigns: everything but accounts.
    Operator,
    /// Looks, changes nothing.
    Auditor,
}

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Read anything the admin API shows.
    Read,
    /// Change templates, placements, stock and codes.
    RunCampaigns,
    /// Give coupons to people, and use them.
    ServePeople,
    /// Change accounts on platforms.
    ManageApps,
}

impl Role {
    /// Whether this role carries the permission; what is not listed is denied.
    pub const fn allows(self, permission: Permission) -> bool {
        match (self, permission) {
            (Self::Owner, _)
            | (
                Self::Operator,
                Permission::Read | Permission::RunCampaigns | Permission::ServePeople,
            )
            | (Self::Auditor, Permission::Read) => true,
            (Self::Operator, Permission::ManageApps)
            | (
                Self::Auditor,
                Permission::RunCampaigns | Permission::ServePeople | Permission::ManageApps,
            ) => false,
        }
    }
}
