//! Codes of ours are to lie with WeChat before it may hand out so many more: chosen here, handed in a hundred at a time,
//! looked for there, and only then counted. Whatever was done is written down, so that any attempt goes on from there.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;
use rand::{TryRng, rngs::SysRng};

use super::{
    look, note_code, refused,
    showing::{self, has_time},
};
use crate::{
    delivery::{
        Inner,
        ask::ask,
        attempt::{Held, Said},
        dialect::Wechat,
        work::subject::platform_ref_of,
    },
    domain::{
        code::{CodePrefix, CouponCode, Entropy, LONGEST_ON_CARDS},
        delivery::Outcome,
        terms::CodeSource,
    },
    platform::wechat::{client::deposit::MOST_CODES, errcode, status::CardStatus},
    store::{self, placement::Placement, stock_addition::StockAddition},
};

/// How often to look whether reviewers have let a card pass.
const UNTIL_REVIEWED: TimeDelta = TimeDelta::minutes(5);
/// So many codes are chosen in one transaction.
const PORTION: i64 = 10_000;
/// So many codes of an addition may be refused before a person has to look.
const MOST_REFUSED: i64 = 100;

/// Hands in all codes of an addition; once it comes back well, WeChat has them.
pub(super) async fn pay(
    inner: &Inner,
    held: &Held,
    placement: &Placement,
    addition: &StockAddition,
) -> Result<(), Said> {
    let shown = look(inner, held).await?;
    {
        let mut conn = inner.db.acquire().await?;
        let verdict = showing::verdict(&shown);
        showing::mark_reviewed(&mut conn, inner, placement.id, verdict).await?;
    }
    match shown.status {
        CardStatus::Passed | CardStatus::Dispatched => {}
        CardStatus::Deleted => {
            return Err(refused("微信上已删除这张卡券 · the card was deleted at WeChat"));
        }
        CardStatus::NotVerified | CardStatus::Failed | CardStatus::Other(_) => {
            let note =
                "审核通过后才能存入券码 · codes are taken only of a card that has passed review";
            return Err(Said::unheard(Outcome::NotYet { after: Some(UNTIL_REVIEWED) }, note));
        }
    }
    // Others take the place of codes that WeChat refuses.
    loop {
        choose(inner, placement, addition).await?;
        if !hand_in(inner, held, placement, addition).await? {
            break;
        }
    }
    count(inner, held, shown.quantity.unwrap_or_default() + addition.amount).await
}

/// Chooses as many codes as are to be offered, unless that was done before.
async fn choose(
    inner: &Inner,
    placement: &Placement,
    addition: &StockAddition,
) -> Result<(), Said> {
    let template = {
        let mut conn = inner.db.acquire().await?;
        store::template::find(&mut conn, placement.template).await?
    };
    let template = template.ok_or_else(|| refused("券模板已不存在 · the template is gone"))?;
    loop {
        let mut tx = store::begin(&inner.db).await?;
        // Two at once would choose twice.
        store::placement::lock(&mut tx, placement.id).await?;
        let known = store::deposited_code::count(&mut tx, addition.id).await?;
        if known.refused > MOST_REFUSED {
            let many = known.refused;
            return Err(refused(format!(
                "微信拒收了 {many} 个券码，请检查券码 · WeChat has refused {many} of the codes; look into them"
            )));
        }
        let missing = addition.amount - known.chosen - known.deposited;
        if missing <= 0 {
            return Ok(());
        }
        let (now, owner) = (inner.clock.now(), (placement.id, addition.id));
        match &template.template.terms.codes {
            CodeSource::Generated { prefix } => {
                let codes = generate(prefix, missing.min(PORTION))?;
                store::deposited_code::choose_new(&mut tx, now, owner, &codes).await?;
            }
            CodeSource::Uploaded => {
                let longest = i32::try_from(LONGEST_ON_CARDS).unwrap_or(i32::MAX);
                let most = (missing.min(PORTION), longest);
                let chosen = store::deposited_code::choose_uploaded(
                    &mut tx,
                    now,
                    placement.template,
                    owner,
                    most,
                );
                if chosen.await? == 0 {
                    let note = format!(
                        "还缺 {missing} 个上传的券码（最长 {longest} 个字符） · {missing} more uploaded codes of at most {longest} characters are needed"
                    );
                    return Err(Said::unheard(
                        Outcome::NotYet { after: Some(UNTIL_REVIEWED) },
                        note,
                    ));
                }
            }
        }
        tx.commit().await?;
    }
}

fn generate(prefix: &CodePrefix, count: i64) -> Result<Vec<CouponCode>, Said> {
    let one = |_| {
        let mut entropy = Entropy::default();
        SysRng.try_fill_bytes(&mut entropy).map_err(|error| {
            let note = format!("没有随机数 · no randomness: {error}");
            Said::unheard(Outcome::NotYet { after: None }, note)
        })?;
        Ok(CouponCode::generate(prefix, entropy))
    };
    (0..count).map(one).collect()
}

/// Hands in the next hundred and looks whether they are there; `false` when all are.
async fn hand_in(
    inner: &Inner,
    held: &Held,
    placement: &Placement,
    addition: &StockAddition,
) -> Result<bool, Said> {
    let most = i64::try_from(MOST_CODES).unwrap_or(i64::MAX);
    let codes = {
        let mut conn = inner.db.acquire().await?;
        store::deposited_code::list_chosen(&mut conn, addition.id, most).await?
    };
    if codes.is_empty() {
        return Ok(false);
    }
    let codes: Vec<&str> = codes.iter().map(CouponCode::as_str).collect();
    let card = platform_ref_of(held)?;
    let failed = deposit(inner, held, card, &codes).await?;
    let checked = ask!(Wechat, inner, held, |account, token| inner
        .wechat
        .check_codes(account, token, card, &codes));
    let there: Vec<String> =
        checked.value.there.into_iter().filter(|code| codes.contains(&code.as_str())).collect();
    let failed: Vec<String> = failed
        .into_iter()
        .filter(|code| codes.contains(&code.as_str()) && !there.contains(code))
        .collect();
    {
        let mut conn = inner.db.acquire().await?;
        store::deposited_code::mark_deposited(&mut conn, placement.id, &there).await?;
        store::deposited_code::mark_refused(&mut conn, placement.id, &failed).await?;
    }
    if there.len() + failed.len() < codes.len() {
        let missing = codes.len() - there.len() - failed.len();
        let note =
            format!("微信没有收下 {missing} 个券码 · WeChat did not take {missing} of the codes");
        return Err(Said::unheard(Outcome::Busy { after: None }, note));
    }
    Ok(true)
}

/// Hands codes in; those that WeChat does not take. Where it takes none for the sake of one, that one is looked for by halves.
async fn deposit(
    inner: &Inner,
    held: &Held,
    card: &str,
    codes: &[&str],
) -> Result<Vec<String>, Said> {
    let mut failed = Vec::new();
    let mut left = vec![codes];
    while let Some(some) = left.pop() {
        has_time(held)?;
        let code = AtomicI64::default();
        match deposit_some(inner, held, (card, some), &code).await {
            Ok(refused) => failed.extend(refused),
            Err(_) if code.load(Ordering::Relaxed) == errcode::BAD_CODE => {
                if let [alone] = some {
                    failed.push((*alone).to_owned());
                } else {
                    let (one, other) = some.split_at(some.len() / 2);
                    left.extend([one, other]);
                }
            }
            Err(said) => return Err(said),
        }
    }
    Ok(failed)
}

async fn deposit_some(
    inner: &Inner,
    held: &Held,
    (card, codes): (&str, &[&str]),
    code: &AtomicI64,
) -> Result<Vec<String>, Said> {
    // What is there already comes back as a repetition: that is as good.
    let heard = ask!(Wechat, inner, held, |account, token| note_code(
        inner.wechat.deposit_codes(account, token, card, codes),
        code
    ));
    Ok(heard.value.failed)
}

/// More than lies there cannot be offered.
async fn count(inner: &Inner, held: &Held, wanted: i64) -> Result<(), Said> {
    let card = platform_ref_of(held)?;
    let heard = ask!(Wechat, inner, held, |account, token| inner
        .wechat
        .count_deposited(account, token, card));
    if heard.value >= wanted {
        return Ok(());
    }
    let there = heard.value;
    let note = format!(
        "微信只有 {there} 个券码，需要 {wanted} 个 · WeChat has {there} codes, and {wanted} are needed"
    );
    Err(Said::unheard(Outcome::Busy { after: None }, note))
}
