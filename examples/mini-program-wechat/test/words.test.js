// What people read.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const words = require('../utils/words.js');

test('worth and threshold are short and right', () => {
    const worth = (benefit) => words.worth(benefit);

    assert.equal(worth({ type: 'amount', off_fen: 1950 }), '¥19.5');
    assert.equal(worth({ type: 'percent', off_basis_points: 2000 }), '8折');
    assert.equal(worth({ type: 'percent', off_basis_points: 1500 }), '8.5折');
    assert.equal(words.threshold({ type: 'none' }), '无门槛');
    assert.equal(words.threshold({ type: 'pieces', count: 3 }), '满3件可用');
});

test('moments are shown as in China', () => {
    assert.equal(words.moment('2026-11-10T16:00:00Z'), '2026.11.11 00:00');
    assert.equal(words.moment('2026-11-30T15:59:59.5Z'), '2026.11.30 23:59');
});

test('what WeChat keeps from being used says why', () => {
    assert.equal(words.couponStatus('suspended', 'gifting'), '转赠中');
    assert.equal(words.couponStatus('suspended', 'something_new'), '暂不可用');
    assert.equal(words.couponStatus('usable', undefined), '可使用');
});

test('a refusal that nobody foresaw still says something', () => {
    assert.equal(words.say('sold_out'), '来晚一步，已经领完了');
    assert.ok(words.say('something_new').length > 0);
});
