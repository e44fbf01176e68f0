//! Roles and scopes as they are typed.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::domain::access::{Role, Scope};

/// Reads a role.
pub(super) fn role() -> impl TypedValueParser<Value = Role> {
    let names = Role::ALL.map(|role| PossibleValue::new(role.as_str()).help(role_help(role)));
    PossibleValuesParser::new(names).try_map(|name| {
        let known = Role::ALL.into_iter().find(|role| role.as_str() == name);
        known.ok_or("no such role")
    })
}

/// Reads a scope.
pub(super) fn scope() -> impl TypedValueParser<Value = Scope> {
    let names = Scope::ALL.map(|scope| PossibleValue::new(scope.as_str()).help(scope_help(scope)));
    PossibleValuesParser::new(names).try_map(|name| {
        let known = Scope::ALL.into_iter().find(|scope| scope.as_str() == name);
        known.ok_or("no such scope")
    })
}

const fn role_help(role: Role) -> &'static str {
    match role {
        Role::Owner => "Everything",
        Role::Operator => "Runs campaigns: everything but accounts and access",
        Role::Clerk => "At a till: looks coupons up and uses them",
        Role::Auditor => "Looks, changes nothing",
    }
}

const fn scope_help(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "Look at anything",
        Scope::Claim => "Give coupons to people, and say who is who",
        Scope::Redeem => "Lock, use and give back",
        Scope::Admin => "Everything",
    }
}
