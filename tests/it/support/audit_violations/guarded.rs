//! Secrets, and what guards the books.

use kaquan::ops::audit::check::Check;

use super::{Planted, planted};

pub const VIOLATIONS: &[Planted] = &[
    planted(
        "two secrets have changed places",
        Check::SecretsOpen,
        "update app set secret_sealed = other.secret_sealed
         from app as other where other.app_id <> app.app_id",
    ),
    planted(
        "a secret stands as the token of its own app",
        Check::SecretsOpen,
        "update platform_token set token_sealed = secret_sealed
         from app where app.app_id = platform_token.app_id",
    ),
    planted(
        "a bit of a callback secret is another",
        Check::SecretsOpen,
        "update callback_token set secret_sealed = set_bit(secret_sealed, 200, 1 - get_bit(secret_sealed, 200))",
    ),
    planted(
        "a token was sealed with a key that nobody has",
        Check::SecretsOpen,
        "update platform_token set token_sealed = set_byte(token_sealed, 4, 9)",
    ),
    planted(
        "a secret was never sealed",
        Check::SecretsOpen,
        "update app set secret_sealed = 'in the clear' where app_key = 'shop'",
    ),
    planted(
        "the last guard against a second use is gone",
        Check::GuardsExist,
        "drop index redemption_one_live",
    ),
    planted(
        "a guard was put back without a look at the rows",
        Check::GuardsExist,
        "alter table coupon add constraint coupon_way_known check (way in ('take', 'claim')) not valid",
    )
    .without("coupon", "coupon_way_known"),
    planted(
        "foreign keys were switched off",
        Check::GuardsExist,
        "alter table stock_addition disable trigger all",
    ),
    planted(
        "an index is not kept up",
        Check::GuardsExist,
        "update pg_index set indisvalid = false where indexrelid = 'coupon_code_once'::regclass",
    ),
];
