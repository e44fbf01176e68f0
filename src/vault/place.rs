//! Where a sealed value stands: its table, its column and its row, which are sealed in with it.

use std::fmt;

use uuid::Uuid;

/// The one place in which a sealed value opens. Made by name, so that no caller can misspell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    table: &'static str,
    column: &'static str,
    row: Uuid,
}

impl Place {
    /// The secret of an account on a platform; the row is the app's id.
    pub const fn app_secret(app: Uuid) -> Self {
        Self { table: "app", column: "secret_sealed", row: app }
    }

    /// The secret part of a callback address; the row is the token's id.
    pub const fn callback_secret(token: Uuid) -> Self {
        Self { table: "callback_token", column: "secret_sealed", row: token }
    }

    /// What a platform gave us to call it with; the row is the app's id.
    pub const fn platform_token(app: Uuid) -> Self {
        Self { table: "platform_token", column: "token_sealed", row: app }
    }

    /// With which the cards of an account are signed; the row is the app's id.
    pub const fn card_ticket(app: Uuid) -> Self {
        Self { table: "platform_token", column: "token_sealed/card_ticket", row: app }
    }

    /// The secret of an endpoint before its present one; the row is the app's id.
    pub const fn old_webhook_secret(app: Uuid) -> Self {
        Self { table: "webhook_endpoint", column: "old_secret_sealed", row: app }
    }

    /// With which a gateway's client signs; the row is the client's id.
    pub const fn gateway_secret(client: Uuid) -> Self {
        Self { table: "gateway_client", column: "secret_sealed", row: client }
    }

    /// The secret of a gateway's client before its present one; the row is the client's id.
    pub const fn old_gateway_secret(client: Uuid) -> Self {
        Self { table: "gateway_client", column: "old_secret_sealed", row: client }
    }

    /// With which answers to a gateway's client are signed; the row is the client's id.
    pub const fn gateway_salt(client: Uuid) -> Self {
        Self { table: "gateway_client", column: "salt_sealed", row: client }
    }

    /// The secret part of an address for pushes; the row is the app's id.
    pub const fn push_secret(app: Uuid) -> Self {
        Self { table: "push_address", column: "secret_sealed", row: app }
    }

    /// With which pushes are signed; the row is the app's id.
    pub const fn push_token(app: Uuid) -> Self {
        Self { table: "push_address", column: "token_sealed", row: app }
    }

    /// With which pushes are encrypted; the row is the app's id.
    pub const fn push_key(app: Uuid) -> Self {
        Self { table: "push_address", column: "key_sealed", row: app }
    }

    /// With which pushes were signed before; the row is the app's id.
    pub const fn previous_push_token(app: Uuid) -> Self {
        Self { table: "push_address", column: "previous_token_sealed", row: app }
    }

    /// With which pushes were encrypted before; the row is the app's id.
    pub const fn previous_push_key(app: Uuid) -> Self {
        Self { table: "push_address", column: "previous_key_sealed", row: app }
    }

    /// An answer of our API that shows a secret; the row is its `sealed_id`.
    pub const fn kept_answer(answer: Uuid) -> Self {
        Self { table: "idempotency", column: "body_sealed", row: answer }
    }

    /// What is authenticated with the value. Each name goes behind its length, so that no two places read the same.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64);
        for name in [self.table, self.column] {
            bytes.extend_from_slice(&(name.len() as u64).to_be_bytes());
            bytes.extend_from_slice(name.as_bytes());
        }
        bytes.extend_from_slice(self.row.as_bytes());
        bytes
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} of {}", self.table, self.column, self.row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_that_moves_from_the_column_to_the_table_is_another_place() {
        let row = Uuid::nil();

        let one = Place { table: "app", column: "secret", row };
        let other = Place { table: "apps", column: "ecret", row };

        assert_ne!(one.to_bytes(), other.to_bytes());
    }
}
