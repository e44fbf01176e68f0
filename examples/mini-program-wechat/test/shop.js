// The merchant's side of the tests: both apps, a template, a published placement with stock, over the admin API; and the
// phone's side of WeChat, over the simulator's control surface.

const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');

const { KAQUAN_URL, KAQUAN_KEY, WECHAT_URL } = process.env;
const OFFICIAL_ACCOUNT = 'wxsim0000000000001';
const MINI_PROGRAM = 'wxsim0000000000002';
const SECRET = '00112233445566778899aabbccddeeff';
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

/** Plays people and reviewers on the simulated WeChat. */
async function wechat(path, body) {
    const reply = await fetch(`${WECHAT_URL}/__sim/${path}`, {
        method: body ? 'POST' : 'GET',
        body: body && JSON.stringify(body),
    });
    const text = await reply.text();
    assert.ok(reply.ok, `${path}: ${reply.status} ${text}`);
    return JSON.parse(text);
}

/** The app of this key, made unless it is there. */
async function openApp(app) {
    const { data } = await admin('GET', '/v1/admin/apps?limit=200');
    const there = data.find(({ platform, app_key }) => platform === app.platform && app_key === app.app_key);
    return there ? there.id : (await admin('POST', '/v1/admin/apps', app)).id;
}

/** Tries until `look` gives something. */
async function eventually(look) {
    for (let attempt = 0; attempt < 100; attempt += 1) {
        const found = await look();
        if (found) {
            return found;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('it never happened');
}

/** Both apps with one offer that stands on WeChat: 满 100 减 20, one each. */
async function openShop(stock) {
    const cards = await openApp({
        platform: 'wechat',
        app_key: OFFICIAL_ACCOUNT,
        name: '满记茶铺',
        secret: SECRET,
        settings: {
            api_url: WECHAT_URL,
            original_id: 'gh_sim000000001',
            card: {
                brand_name: '满记茶铺',
                logo_url: 'http://mmbiz.qpic.cn/mmbiz/sample/0',
                notice: '向店员出示此券',
                center: { label: '立即使用', user_name: 'gh_sim000000002@app', page: 'pages/coupon/coupon' },
            },
        },
    });
    const appId = await openApp({
        platform: 'wechat_mini',
        app_key: MINI_PROGRAM,
        name: '满记小程序',
        secret: SECRET,
        settings: { api_url: WECHAT_URL },
        cards_app_id: cards,
    });
    const address = await admin('PUT', `/v1/admin/apps/${cards}/push-address`, {});
    await wechat('bind', {
        appid: OFFICIAL_ACCOUNT,
        callback: {
            // The server under test listens wherever there was room.
            url: KAQUAN_URL + new URL(address.url).pathname,
            token: address.token,
            aes_key: address.encoding_aes_key,
            mode: 'secure',
        },
    });
    const now = Date.now();
    const template = await admin('POST', '/v1/admin/templates', {
        title: '满100减20',
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
        app_id: cards,
        template_id: template.id,
    });
    await admin('POST', `/v1/admin/placements/${placement.id}/stock-additions`, {
        name: `first-${placement.id}`,
        way: 'take',
        amount: stock,
    });
    await admin('POST', `/v1/admin/placements/${placement.id}/publish`, {});
    const look = () => admin('GET', `/v1/admin/placements/${placement.id}`);
    const { platform_ref: cardId } = await eventually(async () => {
        const shown = await look();
        return shown.platform_ref && shown;
    });
    await wechat('review', { card_id: cardId, pass: true });
    await eventually(async () => (await look()).platform_state === 'published');
    return { appId, placementId: placement.id, cardId };
}

/** What `wx.login` would give this person. */
async function loginCode(person) {
    return (await wechat('mp/login', { appid: MINI_PROGRAM, person })).js_code;
}

/** What WeChat does on this person's phone; `name` is `addCard` or `openCard`. */
async function wallet(person, name, cardList) {
    const answer = await wechat(`mp/${name}`, { mp_appid: MINI_PROGRAM, person, cardList });
    if (answer.errMsg !== `${name}:ok`) {
        throw answer;
    }
    return answer;
}

module.exports = { KAQUAN_URL, eventually, loginCode, openShop, wallet, wechat };
