//! What roles and scopes are called, by the API and at the command line.

use super::access::{Role, Scope};

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
}

#[cfg(test)]
mod tests {
    use super::*;

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
