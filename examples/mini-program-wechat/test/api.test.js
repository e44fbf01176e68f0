// utils/api.js against a running kaquan and WeChat's simulator; tests/contract/run.py starts both.

const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');
const fs = require('node:fs');
const { before, test } = require('node:test');

const { connect, Refusal } = require('../utils/api.js');
const { KAQUAN_URL, eventually, loginCode, openShop, wallet, wechat } = require('./shop.js');
const { phone } = require('./wx.js');

let shop;

before(async () => {
    shop = await openShop(100);
});

/** Somebody new with the mini-program on their phone. */
function somebody(faults) {
    const person = `person-${randomUUID()}`;
    const wx = phone(Object.assign({
        loginCode: () => loginCode(person),
        wallet: (name, cardList) => wallet(person, name, cardList),
    }, faults));
    return { person, wx, api: connect(wx, { baseUrl: `${KAQUAN_URL}/`, appId: shop.appId }) };
}

/** What they hold, as soon as WeChat has told the merchant of it. */
async function held(api) {
    return eventually(async () => {
        const { data } = await api.coupons('usable');
        return data.length > 0 && data;
    });
}

const signings = (wx) => wx.sent.filter((call) => call.url.endsWith('/v1/mini/cards/claims'));
const logins = (wx) => wx.sent.filter((call) => call.url.endsWith('/v1/mini/sessions'));

test('somebody finds an offer, takes the card, and opens it in WeChat', async () => {
    const { api, person, wx } = somebody();

    const offers = await api.offers();
    const taken = await api.take(shop.placementId, 'poster-7');
    const [coupon] = await held(api);
    const whole = await api.coupon(coupon.id);
    await api.show([coupon.id]);
    const picture = fs.readFileSync(await api.picture(coupon.id));

    assert.ok(offers.data.some((offer) => offer.placement_id === shop.placementId));
    assert.equal(whole.code, taken.code);
    const cards = await wechat(`wallet?person=${person}`);
    assert.deepEqual(cards.map((card) => card.code), [taken.code]);
    assert.equal(picture.subarray(1, 4).toString(), 'PNG');
    assert.equal(logins(wx).length, 1);
});

test('who cancels taps again, and the limit is not used up', async () => {
    let cancelled = 0;
    const someone = somebody();
    const { wx, api } = someone;
    const add = wx.addCard;
    wx.addCard = (options) => {
        if (cancelled < 1) {
            cancelled += 1;
            options.fail({ errMsg: 'addCard:fail cancel' });
        } else {
            add(options);
        }
    };

    await assert.rejects(api.take(shop.placementId), (error) => error.code === 'cancelled');
    await api.take(shop.placementId);

    assert.equal(signings(wx).length, 2);
    assert.equal((await held(api)).length, 1);
});

test('the card in WeChat leads back to the coupon, whatever its encrypted code is made of', async () => {
    const { api, person } = somebody();
    const { code } = await api.take(shop.placementId);
    const [coupon] = await held(api);

    const jump = await wechat('tap', { person, code, entry: 'center' });
    const query = Object.fromEntries(jump.path.split('?')[1].split('&').map((pair) => pair.split('=')));

    assert.equal((await api.lookUp(query)).id, coupon.id);
});

test('a signing whose answer is lost is made again under the same key, and gives one card', async () => {
    let lost = 0;
    const { api, wx } = somebody({
        after(options) {
            if (options.url.endsWith('/v1/mini/cards/claims') && lost < 1) {
                lost += 1;
                throw new Error('the line broke');
            }
        },
    });

    await api.take(shop.placementId);

    const keys = signings(wx).map((call) => call.header['idempotency-key']);
    assert.equal(keys.length, 2);
    assert.equal(keys[0], keys[1]);
    assert.equal((await held(api)).length, 1);
});

test('a card that was taken is taken, though the server cannot be asked', async () => {
    const { api, person } = somebody({
        before(options) {
            if (options.url.endsWith('/result')) {
                throw new Error('the line broke');
            }
        },
    });

    const taken = await api.take(shop.placementId);

    assert.deepEqual(taken, { code: null, coupon_id: null });
    assert.equal((await wechat(`wallet?person=${person}`)).length, 1);
    assert.equal((await held(api)).length, 1);
});

test('a card that WeChat did not give is none, and the next tap gives it', async () => {
    const { api, wx } = somebody();
    const { addCard } = wx;
    wx.addCard = ({ cardList: [{ cardId }], success }) => {
        success({ errMsg: 'addCard:ok', cardList: [{ cardId, code: '', isSuccess: false }] });
    };

    await assert.rejects(api.take(shop.placementId), (error) => {
        assert.deepEqual([error.code, error.message], ['not_taken', '没有领到，请再试一次']);
        return true;
    });
    wx.addCard = addCard;
    await api.take(shop.placementId);

    assert.equal((await held(api)).length, 1);
});

test('a second card is refused in words that people understand', async () => {
    const { api } = somebody();
    await api.take(shop.placementId);
    await held(api);

    await assert.rejects(api.take(shop.placementId), (error) => {
        assert.ok(error instanceof Refusal);
        assert.deepEqual([error.status, error.code], [409, 'limit_reached']);
        assert.equal(error.message, '您已经领过了');
        return true;
    });
});

test('a coupon that is being given away is under a tab of its own', async () => {
    const { api, person } = somebody();
    const { code } = await api.take(shop.placementId);
    const [{ id }] = await held(api);

    await wechat('user/gift', { person, code });
    const [coupon] = await eventually(async () => {
        const { data } = await api.coupons('suspended');
        return data.length > 0 && data;
    });

    assert.deepEqual([coupon.id, coupon.suspended], [id, 'gifting']);
    assert.deepEqual((await api.coupons('usable')).data, []);
    await assert.rejects(api.show([id]), (error) => error.code === 'suspended');
});

test("somebody else's card leads nowhere", async () => {
    const [one, other] = [somebody(), somebody()];
    const { code } = await one.api.take(shop.placementId);
    const [coupon] = await held(one.api);
    const jump = await wechat('tap', { person: one.person, code, entry: 'center' });
    const query = Object.fromEntries(jump.path.split('?')[1].split('&').map((pair) => pair.split('=')));

    await assert.rejects(other.api.lookUp(query), (error) => error.status === 404);
    await assert.rejects(other.api.show([coupon.id]), (error) => error.status === 404);
});

test('an old WeChat without cards is told so, and nothing is signed', async () => {
    const { api, wx } = somebody();
    delete wx.addCard;

    await assert.rejects(api.take(shop.placementId), (error) => error.code === 'wechat_too_old');

    assert.equal(signings(wx).length, 0);
});
