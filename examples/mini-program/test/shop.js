// The merchant's side of the tests: an app, a template, a placement with stock, over the admin API.

const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');

const { KAQUAN_URL, KAQUAN_KEY, BAIDU_URL } = process.env;
const APP_KEY = 'sim-app-key';
const APP_SECRET = 'SimAppSecret00000000000000000001';
const DAY = 24 * 3600 * 1000;

async function admin(method, path, body) {
    const reply = await fetch(KAQUAN_URL + path, {
        method,
        headers: {
            authorization: `Bearer ${KAQUAN_KEY}`,
            'content-type': 'application/json',
            'idempotency-key': randomUUID(),
        },
        body: body && JSON.stringify(body),
    });
    const text = await reply.text();
    assert.ok(reply.ok, `${method} ${path}: ${reply.status} ${text}`);
    return text ? JSON.parse(text) : null;
}

async function openApp() {
    const { data } = await admin('GET', '/v1/admin/apps?limit=200');
    const there = data.find((app) => app.platform === 'baidu' && app.app_key === APP_KEY);
    if (there) {
        return there.id;
    }
    const app = await admin('POST', '/v1/admin/apps', {
        platform: 'baidu',
        app_key: APP_KEY,
        name: '商城',
        secret: APP_SECRET,
        settings: { open_api_url: BAIDU_URL, session_api_url: BAIDU_URL },
    });
    return app.id;
}

/** An app with one offer: 满 100 减 20, one each. */
async function openShop(stock) {
    const appId = await openApp();
    const now = Date.now();
    const template = await admin('POST', '/v1/admin/templates', {
        title: '满 100 减 20',
        kind: 'cash',
        benefit: { type: 'amount', off_fen: 2000 },
        threshold: { type: 'amount', fen: 10000 },
        claim_from: new Date(now - DAY).toISOString(),
        claim_until: new Date(now + DAY).toISOString(),
        validity: { type: 'after_claim', days: 7 },
        per_person_limit: 1,
        texts: { description: '全场通用', introduction: '下单时选用，一单一张。' },
    });
    const placement = await admin('POST', '/v1/admin/placements', {
        app_id: appId,
        template_id: template.id,
    });
    await admin('POST', `/v1/admin/placements/${placement.id}/stock-additions`, {
        name: `first-${placement.id}`,
        way: 'claim',
        amount: stock,
    });
    return { appId, placementId: placement.id };
}

/** What `swan.getLoginCode` would give this person. */
async function loginCode(openId) {
    const reply = await fetch(`${BAIDU_URL}/_sim/login_code`, {
        method: 'POST',
        body: JSON.stringify({ app_key: APP_KEY, open_id: openId }),
    });
    assert.equal(reply.status, 200);
    return (await reply.json()).code;
}

module.exports = { KAQUAN_URL, openShop, loginCode };
