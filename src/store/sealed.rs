//! Every sealed value of every table, whatever it is: to be looked at, and to be sealed anew.
//!
//! A new sealed column is a kind, a line in [`list`] and an update in [`replace`].

use sqlx::PgConnection;
use uuid::Uuid;

/// Which column of which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum SealedKind {
    /// `app.secret_sealed`
    AppSecret,
    /// `callback_token.secret_sealed`
    CallbackSecret,
    /// `platform_token.token_sealed`, of what goes with calls
    PlatformToken,
    /// `platform_token.token_sealed`, of what signs cards
    CardTicket,
    /// `webhook_endpoint.old_secret_sealed`
    OldWebhookSecret,
    /// `idempotency.body_sealed`
    KeptAnswer,
    /// `gateway_client.secret_sealed`
    GatewaySecret,
    /// `gateway_client.old_secret_sealed`
    OldGatewaySecret,
    /// `gateway_client.salt_sealed`
    GatewaySalt,
    /// `push_address.secret_sealed`
    PushSecret,
    /// `push_address.token_sealed`
    PushToken,
    /// `push_address.key_sealed`
    PushKey,
    /// `push_address.previous_token_sealed`
    PreviousPushToken,
    /// `push_address.previous_key_sealed`
    PreviousPushKey,
}

/// One sealed value.
#[derive(Debug, Clone)]
pub struct SealedValue {
    /// Where it stands.
    pub kind: SealedKind,
    /// In which row of its table.
    pub row: Uuid,
    /// As it is stored.
    pub sealed: Vec<u8>,
}

/// Up to `limit` of all sealed values, in an order that stays, behind `after`.
pub async fn list(
    conn: &mut PgConnection,
    after: Option<&SealedValue>,
    limit: i64,
) -> sqlx::Result<Vec<SealedValue>> {
    sqlx::query_as!(
        SealedValue,
        r#"
        with value (kind, row, sealed) as (
            select 'app_secret', app_id, secret_sealed from app
            union all
            select 'callback_secret', token_id, secret_sealed from callback_token
            union all
            select 'platform_token', app_id, token_sealed from platform_token where purpose = 'access'
            union all
            select 'card_ticket', app_id, token_sealed from platform_token where purpose = 'card_ticket'
            union all
            select 'old_webhook_secret', app_id, old_secret_sealed from webhook_endpoint
            union all
            select 'kept_answer', sealed_id, body_sealed from idempotency where sealed_id is not null
            union all
            select 'gateway_secret', client_id, secret_sealed from gateway_client
            union all
            select 'old_gateway_secret', client_id, old_secret_sealed from gateway_client
            union all
            select 'gateway_salt', client_id, salt_sealed from gateway_client
            union all
            select 'push_secret', app_id, secret_sealed from push_address
            union all
            select 'push_token', app_id, token_sealed from push_address
            union all
            select 'push_key', app_id, key_sealed from push_address
            union all
            select 'previous_push_token', app_id, previous_token_sealed from push_address
            union all
            select 'previous_push_key', app_id, previous_key_sealed from push_address
        )
        select kind as "kind!: SealedKind", row as "row!", sealed as "sealed!"
        from value
        where sealed is not null and ($1::text is null or (kind, row) > ($1, $2))
        order by kind, row
        limit $3
        "#,
        after.map(|value| value.kind) as _,
        after.map(|value| value.row),
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Puts `sealed` in the place of a value, unless somebody has changed it since it was read; whether it was put there.
#[expect(clippy::too_many_lines, reason = "one statement for each place")]
pub async fn replace(
    conn: &mut PgConnection,
    value: &SealedValue,
    sealed: &[u8],
) -> sqlx::Result<bool> {
    let (row, old) = (value.row, &value.sealed);
    let update = match value.kind {
        SealedKind::AppSecret => sqlx::query!(
            "update app set secret_sealed = $3 where app_id = $1 and secret_sealed = $2",
            row,
            old,
            sealed,
        ),
        SealedKind::CallbackSecret => sqlx::query!(
            "update callback_token set secret_sealed = $3 where token_id = $1 and secret_sealed = $2",
            row,
            old,
            sealed,
        ),
        SealedKind::PlatformToken => sqlx::query!(
            r#"
            update platform_token set token_sealed = $3
            where app_id = $1 and purpose = 'access' and token_sealed = $2
            "#,
            row,
            old,
            sealed,
        ),
        SealedKind::CardTicket => sqlx::query!(
            r#"
            update platform_token set token_sealed = $3
            where app_id = $1 and purpose = 'card_ticket' and token_sealed = $2
            "#,
            row,
            old,
            sealed,
        ),
        SealedKind::OldWebhookSecret => sqlx::query!(
            r#"
            update webhook_endpoint set old_secret_sealed = $3
            where app_id = $1 and old_secret_sealed = $2
            "#,
            row,
            old,
            sealed,
        ),
        SealedKind::KeptAnswer => sqlx::query!(
            "update idempotency set body_sealed = $3 where sealed_id = $1 and body_sealed = $2",
            row,
            old,
            sealed,
        ),
        SealedKind::GatewaySecret => sqlx::query!(
            "update gateway_client set secret_sealed = $3 where client_id = $1 and secret_sealed = $2",
            row,
            old,
            sealed,
        ),
        SealedKind::OldGatewaySecret => sqlx::query!(
            r#"
            update gateway_client set old_secret_sealed = $3
            where client_id = $1 and old_secret_sealed = $2
            "#,
            row,
            old,
            sealed,
        ),
        SealedKind::GatewaySalt => sqlx::query!(
            "update gateway_client set salt_sealed = $3 where client_id = $1 and salt_sealed = $2",
            row,
            old,
            sealed,
        ),
        SealedKind::PushSecret
        | SealedKind::PushToken
        | SealedKind::PushKey
        | SealedKind::PreviousPushToken
        | SealedKind::PreviousPushKey => {
            return replace_in_push_address(conn, value, sealed).await;
        }
    };
    Ok(update.execute(conn).await?.rows_affected() == 1)
}

/// [`replace`] for a table of many sealed columns.
async fn replace_in_push_address(
    conn: &mut PgConnection,
    value: &SealedValue,
    sealed: &[u8],
) -> sqlx::Result<bool> {
    let update = sqlx::query!(
        r#"
        update push_address
        set secret_sealed = case $4::text when 'push_secret' then $3 else secret_sealed end,
            token_sealed = case $4::text when 'push_token' then $3 else token_sealed end,
            key_sealed = case $4::text when 'push_key' then $3 else key_sealed end,
            previous_token_sealed =
                case $4::text when 'previous_push_token' then $3 else previous_token_sealed end,
            previous_key_sealed =
                case $4::text when 'previous_push_key' then $3 else previous_key_sealed end
        where app_id = $1
            and case $4::text
                when 'push_secret' then secret_sealed
                when 'push_token' then token_sealed
                when 'push_key' then key_sealed
                when 'previous_push_token' then previous_token_sealed
                when 'previous_push_key' then previous_key_sealed
            end = $2
        "#,
        value.row,
        value.sealed,
        sealed,
        value.kind as _,
    );
    Ok(update.execute(conn).await?.rows_affected() == 1)
}
