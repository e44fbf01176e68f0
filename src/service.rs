//! Use cases, one per file; each owns its transaction and happens at one moment.

pub mod add_stock;
pub mod authenticate;
pub mod change_placement;
pub mod create_app;
pub mod create_key;
pub mod create_placement;
pub mod create_template;
pub mod edit_app;
pub mod edit_template;
pub mod import_codes;
pub mod request_reconciliation;
pub mod reseal_secrets;
pub mod revoke_key;
pub mod rotate_callback_token;
pub mod route;
pub mod save_member;
pub mod secret;
pub mod set_template_state;
pub mod source;
