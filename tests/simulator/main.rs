//! The simulator against a small developer of its own: every fault, every refusal, no database.
#![expect(clippy::unwrap_used, reason = "a stage that cannot be set fails its test")]

mod asked;
mod banners;
mod books;
mod call_faults;
mod control;
mod developer;
mod effects;
mod faults;
mod journal;
mod limits;
mod persons;
mod stage;
mod stat;
mod surface;
mod sync;
mod takes;
mod templates;
mod token;
mod wechat_cards;
mod wechat_codes;
mod wechat_doors;
mod wechat_pushes;
mod wechat_stage;
mod write_off;
