// utils/api.js against a running kaquan and Baidu's simulator; tests/contract/run.py starts both.

const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');
const fs = require('node:fs');
const { before, test } = require('node:test');

const { connect, Refusal } = require('../utils/api.js');
const words = require('../utils/words.js');
const { KAQUAN_URL, openShop, loginCode } = require('./shop.js');
const { phone } = require('./swan.js');

let shop;

before(async () => {
    shop = await openShop(100);
});

/** Somebody new with the mini-program on their phone. */
function somebody(faults) {
    const openId = `open-${randomUUID()}`;
    const swan = phone(Object.assign({ loginCode: () => loginCode(openId) }, faults));
    return { swan, api: connect(swan, { baseUrl: `${KAQUAN_URL}/`, appId: shop.appId }) };
}

const claims = (swan) => swan.sent.filter((call) => call.url.endsWith('/v1/mini/claims'));
const logins = (swan) => swan.sent.filter((call) => call.url.endsWith('/v1/mini/sessions'));

test('somebody finds an offer, claims it, and shows its code at the till', async () => {
    const { api, swan } = somebody();

    const offers = await api.offers();
    const offer = offers.data.find((offer) => offer.placement_id === shop.placementId);
    const claimed = await api.claim(shop.placementId);
    const wallet = await api.coupons('usable');
    const coupon = await api.coupon(claimed.id);
    const picture = fs.readFileSync(await api.picture(claimed.id));

    assert.equal(offer.status, 'claimable');
    assert.equal(words.worth(offer.benefit), '¥20');
    assert.equal(words.threshold(offer.threshold), '满¥100可用');
    assert.deepEqual(wallet.data.map((coupon) => coupon.id), [claimed.id]);
    assert.equal(coupon.code, claimed.code);
    assert.equal(picture.subarray(1, 4).toString(), 'PNG');
    assert.equal(logins(swan).length, 1);
});

test('pages that open at once share one login', async () => {
    const { api, swan } = somebody();

    await Promise.all([api.offers(), api.coupons('usable'), api.coupons('used')]);

    assert.equal(logins(swan).length, 1);
});

test('a session that has ended is renewed once, unseen', async () => {
    const { api, swan } = somebody();
    swan.storage.set('kaquan.token', 'ks_over');

    const wallet = await api.coupons('usable');

    assert.deepEqual(wallet.data, []);
    assert.equal(logins(swan).length, 1);
});

test('a claim whose answer is lost is made again under the same key, and gives one coupon', async () => {
    let lost = 0;
    const { api, swan } = somebody({
        after(options) {
            if (options.url.endsWith('/v1/mini/claims') && lost < 1) {
                lost += 1;
                throw new Error('the line broke');
            }
        },
    });

    const claimed = await api.claim(shop.placementId);

    const keys = claims(swan).map((call) => call.header['idempotency-key']);
    assert.equal(keys.length, 2);
    assert.equal(keys[0], keys[1]);
    const wallet = await api.coupons('usable');
    assert.deepEqual(wallet.data.map((coupon) => coupon.id), [claimed.id]);
});

test('an act that nobody answered keeps its key until it is answered', async () => {
    let down = true;
    const { api, swan } = somebody({
        before(options) {
            if (down && options.url.endsWith('/v1/mini/claims')) {
                throw new Error('no network');
            }
        },
    });

    await assert.rejects(api.claim(shop.placementId), (error) => error.code === 'no_answer');
    down = false;
    await api.claim(shop.placementId);

    const keys = new Set(claims(swan).map((call) => call.header['idempotency-key']));
    assert.equal(claims(swan).length, 4);
    assert.equal(keys.size, 1);
    assert.equal([...swan.storage.keys()].filter((name) => name.includes('.act.')).length, 0);
});

for (const status of [500, 502, 504, 'no answer']) {
    test(`after ${status} the next tap is the same act, and gives the same coupon`, async () => {
        let bad = true;
        const { api, swan } = somebody({
            after(options, answer) {
                if (!bad || !options.url.endsWith('/v1/mini/claims')) {
                    return;
                }
                if (status === 'no answer') {
                    throw new Error('the line broke');
                }
                // The claim was made; what a proxy says of it is another matter.
                answer.statusCode = status;
                answer.header = { 'content-type': 'text/html' };
                answer.bytes = Buffer.from('<html>Bad Gateway</html>');
            },
        });

        await assert.rejects(api.claim(shop.placementId), Refusal);
        bad = false;
        const claimed = await api.claim(shop.placementId);

        const keys = new Set(claims(swan).map((call) => call.header['idempotency-key']));
        assert.equal(keys.size, 1);
        const wallet = await api.coupons('usable');
        assert.deepEqual(wallet.data.map((coupon) => coupon.id), [claimed.id]);
        assert.equal([...swan.storage.keys()].filter((name) => name.includes('.act.')).length, 0);
    });
}

test('a second act is another one, and is refused in words that people understand', async () => {
    const { api, swan } = somebody();
    await api.claim(shop.placementId);

    const refused = api.claim(shop.placementId);

    await assert.rejects(refused, (error) => {
        assert.ok(error instanceof Refusal);
        assert.deepEqual([error.status, error.code], [409, 'limit_reached']);
        assert.equal(error.message, '您已经领过了');
        assert.ok(error.requestId);
        return true;
    });
    const [one, other] = claims(swan).map((call) => call.header['idempotency-key']);
    assert.notEqual(one, other);
});

test("somebody else's coupon is not there", async () => {
    const [one, other] = [somebody(), somebody()];
    const claimed = await one.api.claim(shop.placementId);

    await assert.rejects(other.api.coupon(claimed.id), (error) => error.status === 404);
    await assert.rejects(other.api.picture(claimed.id), (error) => error.status === 404);
});

test('who logs out is unknown until the next call', async () => {
    const { api, swan } = somebody();
    await api.offers();

    await api.logOut();
    await api.offers();

    assert.equal(logins(swan).length, 2);
});
