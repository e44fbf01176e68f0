//! What WeChat would say of a card before it is told of it.

use super::{
    change::{CardChange, unchangeable},
    draft::draft,
    form::{CodeMode, NewCard},
    limits::problem,
    placing::PlacementSettings,
    settings::Settings,
};
use crate::domain::{
    foresight::{Foresight, Question, Showing},
    problem::Problem,
};

/// All that WeChat would refuse; or what its reviewers will look at anew, and what never changes.
pub fn foresee(question: &Question<'_>) -> Result<Foresight, Vec<Problem>> {
    let mode = PlacementSettings::read(question.now.placement).code_mode;
    let now = card(&question.now, question.left.unwrap_or(1).max(1))?;
    if mode != CodeMode::Deposit && question.left.is_some_and(|left| left < 1) {
        let texts = (
            "请先入库：微信不接受没有库存的卡券",
            "add stock first: WeChat takes no card without any",
        );
        return Err(vec![problem("stock", texts)]);
    }
    // What could never have been told is no measure.
    let Some(told) = question.told.as_ref().and_then(|told| card(told, 1).ok()) else {
        return Ok(Foresight::default());
    };
    let change = CardChange::between(&told, &now);
    Ok(Foresight { review: change.review_fields(), untellable: unchangeable(&told, &now) })
}

/// The card that a placement is to be at WeChat.
pub fn card(showing: &Showing<'_>, quantity: i64) -> Result<NewCard, Vec<Problem>> {
    let placed = PlacementSettings::read(showing.placement);
    let look = placed.look(&Settings::read(showing.app));
    draft(showing.terms, &look, placed.code_mode, quantity)
}
