//! Claims by the number of a template: where the coupon comes from, and what becomes of the member's account there.

use chrono::TimeDelta;
use futures_util::future::join_all;
use kaquan::{
    domain::{
        audience::Audience,
        benefit::Benefit,
        category::Category,
        claim::{ClaimRefusal, FinalRefusal},
        number::TemplateNumber,
        sight::Sight,
        terms::Terms,
    },
    service::desk::{
        claim::ClaimTemplateError,
        coupons::Which,
        offers::{Pick, TemplateOffer},
    },
};

use crate::support::{
    desk::TestDesk,
    plant::{plant_app, terms},
};

fn refusal(error: &ClaimTemplateError) -> ClaimRefusal {
    let ClaimTemplateError::Refused(refusal) = error else {
        panic!("expected a refusal, got {error:?}");
    };
    *refusal
}

const ALL: (i64, i64) = (0, 100);

#[tokio::test(flavor = "multi_thread")]
async fn the_account_on_our_own_app_is_made_with_the_first_coupon() {
    let scene = TestDesk::start().await;
    let shop = scene.own_app().await;
    let template = scene.place(&terms(), &[(shop, 5)]).await;
    scene.member("7893817", None).await;

    let claimed = scene.claim(template, "7893817", None).await.unwrap();

    let mine = scene.desk.list_coupons("7893817", &Sight::All, Which::All, ALL).await.unwrap();
    assert_eq!(mine.len(), 1);
    assert_eq!(mine[0].held.holding.id, claimed.coupon.id);
    assert_eq!(mine[0].template, template);
    let again = scene.claim(template, "7893817", None).await.unwrap_err();
    assert_eq!(refusal(&again), FinalRefusal::LimitReached.into());
    // An act of claiming that cannot be repeated leaves nothing to be remembered.
    assert_eq!(scene.count("select count(*) from refusal").await, 0);
    assert_eq!(scene.count("select count(*) from holder where member_id is not null").await, 1);
    scene.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_on_a_platform_is_filled_before_our_own_app_and_our_own_app_when_it_is_sold_out() {
    let scene = TestDesk::start().await;
    let (baidu, shop) = (plant_app(&scene.database.pool).await, scene.own_app().await);
    let template = scene.place(&terms(), &[(shop, 5), (baidu, 1)]).await;
    for uid in ["1", "2", "3"] {
        scene.member(uid, None).await;
    }
    scene.link("1", baidu, "open-1").await;
    scene.link("2", baidu, "open-2").await;

    for uid in ["1", "2", "3"] {
        scene.claim(template, uid, None).await.unwrap();
    }

    let apps = "select string_agg(case app_id when $1 then 'baidu' else 'own' end, ' ' order by member.uid)
        from coupon join member on member.member_id = coupon.person_id";
    let apps: String =
        sqlx::query_scalar(apps).bind(baidu.uuid()).fetch_one(&scene.database.pool).await.unwrap();
    assert_eq!(apps, "baidu own own");
    assert_eq!(scene.count("select count(*) from delivery where kind = 'sync'").await, 1);
    scene.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_one_coupon_also_when_the_member_is_known_elsewhere_meanwhile() {
    let scene = TestDesk::start().await;
    let (baidu, shop) = (plant_app(&scene.database.pool).await, scene.own_app().await);
    let two = Terms { per_person_limit: 2, ..terms() };
    let template = scene.place(&two, &[(shop, 5), (baidu, 5)]).await;
    scene.member("7", None).await;

    let first = scene.claim(template, "7", Some("r-1")).await.unwrap();
    scene.link("7", baidu, "open-7").await;
    let again = scene.claim(template, "7", Some("r-1")).await.unwrap();
    let other = scene.claim(template, "7", Some("r-2")).await.unwrap();

    assert_eq!((&again.coupon.code, again.again), (&first.coupon.code, true));
    assert_ne!(other.coupon.code, first.coupon.code);
    assert_eq!(scene.count("select count(*) from coupon").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told_apart() {
    let scene = TestDesk::start().await;
    let (baidu, shop) = (plant_app(&scene.database.pool).await, scene.own_app().await);
    let only_baidu = scene.place(&terms(), &[(baidu, 5)]).await;
    let nowhere = scene.place(&terms(), &[]).await;
    let own = scene.place(&terms(), &[(shop, 5)]).await;
    let gold = Audience::MemberClasses { any_of: vec!["gold".into()] };
    let for_gold = scene.place(&Terms { audience: gold, ..terms() }, &[(shop, 5)]).await;
    scene.member("7", None).await;
    let unknown = TemplateNumber::parse("999999").unwrap();

    for missing in [nowhere, unknown] {
        let error = scene.claim(missing, "7", None).await.unwrap_err();
        assert!(matches!(error, ClaimTemplateError::NoSuchTemplate), "{error}");
    }
    let unseen = Sight::Only(vec![baidu]);
    let error = scene.claim_seeing(own, "7", None, unseen).await.unwrap_err();
    assert!(matches!(error, ClaimTemplateError::NoSuchTemplate), "{error}");
    for stranger in ["8", "", "no uid", "会员"] {
        let error = scene.claim(own, stranger, None).await.unwrap_err();
        assert!(matches!(error, ClaimTemplateError::NoSuchMember), "{stranger}: {error}");
    }
    let error = scene.claim(only_baidu, "7", None).await.unwrap_err();
    assert!(matches!(error, ClaimTemplateError::NoAccount), "{error}");
    let error = scene.claim(for_gold, "7", None).await.unwrap_err();
    assert_eq!(refusal(&error), FinalRefusal::NotEligible.into());
    assert_eq!(scene.count("select count(*) from coupon").await, 0);
    scene.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_a_stranger_has_on_our_own_app_is_linked_or_left_alone() {
    let scene = TestDesk::start().await;
    let shop = scene.own_app().await;
    let template = scene.place(&terms(), &[(shop, 5)]).await;
    for uid in ["7", "8", "9"] {
        scene.member(uid, None).await;
    }
    // Met before, and nobody's; met before, and somebody else's.
    scene.link("9", shop, "8").await;
    sqlx::query(
        "insert into holder (holder_id, app_id, open_id, created_at) values ($1, $2, '7', now())",
    )
    .bind(kaquan::domain::id::HolderId::derive(shop, "7").uuid())
    .bind(shop.uuid())
    .execute(&scene.database.pool)
    .await
    .unwrap();

    scene.claim(template, "7", None).await.unwrap();
    let error = scene.claim(template, "8", None).await.unwrap_err();

    assert!(matches!(error, ClaimTemplateError::Linking(_)), "{error}");
    let mine = scene.desk.count_coupons("7", &Sight::All, Which::Open).await.unwrap();
    assert_eq!(mine, 1);
    scene.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_met_between_the_look_and_the_claim_is_linked_as_well() {
    let scene = TestDesk::start().await;
    let shop = scene.own_app().await;
    let template = scene.place(&terms(), &[(shop, 200)]).await;
    for uid in 0..50 {
        scene.member(&format!("m-{uid}"), None).await;
    }
    let uids: Vec<_> = (0..50).map(|uid| format!("m-{uid}")).collect();

    // The same names come in by the account, of which nobody says whose it is, in another lane.
    let other = scene.place(&terms(), &[(shop, 200)]).await;
    let claims = join_all(uids.iter().map(|uid| scene.claim(template, uid, None)));
    let strangers = join_all(uids.iter().map(|uid| scene.claim_by_account(other, shop, uid)));
    let (claims, _) = tokio::join!(claims, strangers);

    // Whoever was counted as a stranger before is left alone; nobody has a coupon that they do not see.
    let mut seen = 0;
    for uid in &uids {
        seen += scene.desk.count_coupons(uid, &Sight::All, Which::All).await.unwrap();
    }
    let given = claims.iter().filter(|claim| claim.is_ok()).count();
    assert!(seen >= given, "{seen} seen, {given} given");
    let foreign = "select count(*) from coupon join holder using (holder_id) join member on member.member_id = coupon.person_id
        where holder.member_id is distinct from coupon.person_id";
    assert_eq!(scene.count(foreign).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_shop_where_the_name_is_taken_does_not_keep_the_member_from_the_other() {
    let scene = TestDesk::start().await;
    let (taken, free) = (scene.own_app().await, scene.own_app().await);
    let template = scene.place(&terms(), &[(taken, 5), (free, 5)]).await;
    for uid in ["8", "9"] {
        scene.member(uid, None).await;
    }
    scene.link("9", taken, "8").await;

    scene.claim(template, "8", None).await.unwrap();

    assert_eq!(scene.desk.count_coupons("8", &Sight::All, Which::Open).await.unwrap(), 1);
    scene.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_crowd_nobody_gets_one_too_many_and_nothing_is_oversold() {
    let scene = TestDesk::start().await;
    let shop = scene.own_app().await;
    let template = scene.place(&terms(), &[(shop, 50)]).await;
    for uid in 1..=200 {
        scene.member(&uid.to_string(), None).await;
    }

    let uids: Vec<String> = (0..400).map(|n| (n % 200 + 1).to_string()).collect();
    let answers = join_all(uids.iter().map(|uid| scene.claim(template, uid, None))).await;

    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 50);
    assert_eq!(scene.count("select count(distinct person_id) from coupon").await, 50);
    assert_eq!(scene.count("select count(*) from holder where member_id is null").await, 0);
    scene.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_given_once_and_stay() {
    let scene = TestDesk::start().await;
    let shop = scene.own_app().await;
    let many = Terms { per_person_limit: 20, ..terms() };
    let template = scene.place(&many, &[(shop, 50)]).await;
    scene.member("7", None).await;
    for _ in 0..5 {
        scene.claim(template, "7", None).await.unwrap();
    }
    let list = || scene.desk.list_coupons("7", &Sight::All, Which::All, ALL);

    let answers = join_all((0..16).map(|_| list())).await;

    let numbers = |answer: Vec<kaquan::service::desk::coupons::Numbered>| {
        answer.into_iter().map(|coupon| coupon.number).collect::<Vec<_>>()
    };
    let first = numbers(list().await.unwrap());
    assert!(first.is_sorted_by(|newer, older| newer > older), "{first:?}");
    for answer in answers {
        assert_eq!(numbers(answer.unwrap()), first);
    }
    let page = scene.desk.list_coupons("7", &Sight::All, Which::All, (1, 2)).await.unwrap();
    assert_eq!(numbers(page), first[1..3]);
}

async fn stand(scene: &TestDesk, uid: &str) -> Vec<TemplateOffer> {
    scene.desk.birthday_offers(uid, &Sight::All).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_birthday_coupon_comes_once_a_year_for_those_whose_month_it_is() {
    let scene = TestDesk::start().await;
    let shop = scene.own_app().await;
    let month = |month| Terms {
        title: format!("{month}月生日券"),
        category: Some(Category::Birthday),
        birth_month: Some(month),
        claim_until: "2028-01-01T00:00:00Z".parse().unwrap(),
        benefit: Benefit::Amount { off_fen: 5000 },
        ..terms()
    };
    // It is November: October is over, January is to come.
    let mut numbers = Vec::new();
    for number in [10, 11, 12, 1] {
        numbers.push(scene.place(&month(number), &[(shop, 5)]).await);
    }
    for (uid, born) in [("october", 10), ("november", 11), ("december", 12), ("january", 1)] {
        scene.member(uid, Some(born)).await;
    }
    scene.member("nobody-knows", None).await;

    for uid in ["october", "november", "december", "january", "nobody-knows", "stranger"] {
        for _ in 0..2 {
            let listed: Vec<_> = stand(&scene, uid).await.iter().map(|o| o.number).collect();
            assert_eq!(listed, numbers[1..3], "{uid}");
        }
    }
    let both = join_all((0..20).map(|_| stand(&scene, "november"))).await;
    assert_eq!(both.len(), 20);

    assert_eq!(scene.count("select count(*) from coupon").await, 2);
    // However it is asked for, and whatever the limit says.
    let november = scene.claim(numbers[1], "november", Some("k")).await.unwrap_err();
    assert_eq!(refusal(&november), FinalRefusal::LimitReached.into());
    // In December for January, which is not given again in January.
    scene.clock.advance(TimeDelta::days(30));
    stand(&scene, "january").await;
    assert_eq!(scene.count("select count(*) from coupon").await, 3);
    scene.clock.advance(TimeDelta::days(30));
    stand(&scene, "january").await;
    assert_eq!(scene.count("select count(*) from coupon").await, 3);
    scene.assert_sound().await;
    scene.clock.advance(TimeDelta::days(356 - 60));
    stand(&scene, "november").await;
    stand(&scene, "november").await;
    assert_eq!(scene.count("select count(*) from coupon").await, 4);
    scene.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_birthday_coupon_that_was_sold_out_comes_after_all() {
    let scene = TestDesk::start().await;
    let shop = scene.own_app().await;
    let birthday = Terms { category: Some(Category::Birthday), birth_month: Some(11), ..terms() };
    scene.place(&birthday, &[(shop, 0)]).await;
    scene.member("7", Some(11)).await;

    stand(&scene, "7").await;
    assert_eq!(scene.count("select count(*) from coupon").await, 0);
    sqlx::query("update stock set total = 1 where way = 'claim'")
        .execute(&scene.database.pool)
        .await
        .unwrap();
    stand(&scene, "7").await;

    assert_eq!(scene.count("select count(*) from coupon").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_stand_as_a_claim_would_be_answered() {
    let scene = TestDesk::start().await;
    let (baidu, shop) = (plant_app(&scene.database.pool).await, scene.own_app().await);
    let open = scene.place(&terms(), &[(shop, 5), (baidu, 3)]).await;
    let sold_out = scene.place(&terms(), &[(shop, 0)]).await;
    let elsewhere = scene.place(&terms(), &[(baidu, 5)]).await;
    let public = Terms { category: Some(Category::Public), ..terms() };
    let sorted = scene.place(&public, &[(shop, 5)]).await;
    scene.member("7", None).await;
    scene.claim(open, "7", None).await.unwrap();
    let list = async |uid: Option<&str>, pick| {
        let offers = scene.desk.list_template_offers(uid, &Sight::All, pick).await.unwrap();
        let shown = offers.iter().map(|o| {
            (o.number, o.status.map(|s| serde_json::to_value(s).unwrap()), o.left, o.held)
        });
        shown
            .map(|(number, status, left, held)| {
                (number, status.map(|s| s.as_str().unwrap().to_owned()), left, held)
            })
            .collect::<Vec<_>>()
    };
    let status = |text: &str| Some(text.to_owned());
    let everything = || Pick::Open { offset: 0, limit: 10 };

    let (mine, anybodys) = (list(Some("7"), everything()).await, list(None, everything()).await);

    assert_eq!(
        mine,
        [
            (sorted, status("claimable"), 5, 0),
            (sold_out, status("sold_out"), 0, 0),
            (open, status("already_have"), 4, 1),
        ]
    );
    assert_eq!(anybodys.len(), 4);
    assert!(anybodys.contains(&(open, status("claimable"), 7, 0)));
    assert!(anybodys.contains(&(elsewhere, status("claimable"), 5, 0)));
    let of_one = list(None, Pick::Category(Category::Public)).await;
    assert_eq!(of_one, [(sorted, status("claimable"), 5, 0)]);
}
