// Everything this mini-program asks of kaquan and of WeChat's wallet. One session for all pages, one retry when it has ended, and one
// Idempotency-Key for each act, kept until the act has been answered, so that nobody gets two coupons for one tap.

const { say } = require('./words.js');

const TOKEN = 'kaquan.token';
const ACT = 'kaquan.act.';
const TRIES = 3;
const LONGEST_PAUSE_MS = 3000;

/** A "no" of the server's, or no answer at all. `message` is for people, `code` for programs. */
class Refusal extends Error {
    constructor(status, problem) {
        const code = problem.code || (status ? 'unreadable_answer' : 'no_answer');
        super(say(code));
        this.name = 'Refusal';
        this.status = status;
        this.code = code;
        this.detail = problem.detail;
        this.problems = problem.problems || [];
        this.requestId = problem.request_id;
    }
}

/** Turns a call with `success` and `fail` into a promise. */
function promised(call, options) {
    return new Promise((resolve, reject) => {
        call(Object.assign({}, options, { success: resolve, fail: reject }));
    });
}

function pause(milliseconds) {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function header(headers, wanted) {
    const name = Object.keys(headers || {}).find((name) => name.toLowerCase() === wanted);
    return name && headers[name];
}

/** The problem document in an answer, which some versions of wx hand over as a text. */
function problemIn(body) {
    if (body && typeof body === 'object') {
        return body;
    }
    try {
        return Object(JSON.parse(body));
    } catch (_) {
        return {};
    }
}

function freshKey() {
    const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
    let key = Date.now().toString(36) + '-';
    for (let n = 0; n < 24; n += 1) {
        key += letters[Math.floor(Math.random() * letters.length)];
    }
    return key;
}

/** Whether WeChat gave this card; as on the server, a code says so where WeChat does not. */
function isTaken({ code, isSuccess = Boolean(code) }) {
    return isSuccess;
}

/** Speaks to the kaquan at `config.baseUrl` for the app `config.appId`. */
function connect(wx, config) {
    const baseUrl = config.baseUrl.replace(/\/+$/, '');
    let loggingIn = null;

    async function loginCode() {
        const got = await promised(wx.login.bind(wx), {});
        return got.code;
    }

    async function logIn() {
        const code = await loginCode();
        const answer = await send('POST', '/v1/mini/sessions', {
            body: { app_id: config.appId, code },
        });
        if (answer.statusCode !== 201) {
            throw new Refusal(answer.statusCode, problemIn(answer.data));
        }
        wx.setStorageSync(TOKEN, answer.data.token);
        return answer.data.token;
    }

    /** The token in storage, or a new one; pages that ask at once share one login. */
    async function session() {
        const token = wx.getStorageSync(TOKEN);
        if (token) {
            return token;
        }
        loggingIn = loggingIn || logIn().finally(() => { loggingIn = null; });
        return loggingIn;
    }

    function send(method, path, { body, token, key }) {
        const headers = { 'content-type': 'application/json' };
        if (token) {
            headers.authorization = `Bearer ${token}`;
        }
        if (key) {
            headers['idempotency-key'] = key;
        }
        return promised(wx.request.bind(wx), {
            url: baseUrl + path,
            method,
            header: headers,
            data: body,
            dataType: 'json',
        });
    }

    /** Does `call` with a session; when that has ended, once more with a new one. */
    async function within(call) {
        const token = await session();
        const answer = await call(token);
        if (answer.statusCode !== 401) {
            return answer;
        }
        // Somebody else may have renewed it meanwhile.
        if (wx.getStorageSync(TOKEN) === token) {
            wx.removeStorageSync(TOKEN);
        }
        return call(await session());
    }

    /**
     * Whether the same call may be answered otherwise in a moment. From 500 on nobody knows what came of it: a proxy may
     * have given up on a server that went on.
     */
    function isPassing(answer) {
        const code = problemIn(answer.data).code;
        return answer.statusCode >= 500 || answer.statusCode === 429 || code === 'in_flight';
    }

    /** Tries again when there is no answer, or none yet. Only for calls that may be repeated. */
    async function patiently(call) {
        for (let attempt = 1; ; attempt += 1) {
            let answer = null;
            try {
                answer = await within(call);
            } catch (error) {
                if (error instanceof Refusal || attempt === TRIES) {
                    throw error instanceof Refusal ? error : new Refusal(0, {});
                }
            }
            if (answer && (!isPassing(answer) || attempt === TRIES)) {
                return answer;
            }
            const seconds = Number(answer && header(answer.header, 'retry-after')) || 0.3 * attempt;
            await pause(Math.min(seconds * 1000, LONGEST_PAUSE_MS));
        }
    }

    function body(answer) {
        if (answer.statusCode >= 200 && answer.statusCode < 300) {
            return answer.data;
        }
        throw new Refusal(answer.statusCode, problemIn(answer.data));
    }

    async function get(path) {
        return body(await patiently((token) => send('GET', path, { token })));
    }

    /** One act of somebody's: its key outlives the page, and is forgotten when the act has been answered. */
    async function act(name, path, data) {
        const place = ACT + name;
        const key = wx.getStorageSync(place) || freshKey();
        wx.setStorageSync(place, key);
        const answer = await patiently((token) => send('POST', path, { token, key, body: data }));
        if (!isPassing(answer)) {
            wx.removeStorageSync(place);
        }
        return body(answer);
    }

    /** Asks WeChat itself; what it refuses is no matter of the network. */
    async function ask(name, options) {
        try {
            return await promised(wx[name].bind(wx), options);
        } catch (error) {
            const message = String(error && error.errMsg);
            const code = /cancel/.test(message) ? 'cancelled' : 'wechat_refused';
            throw new Refusal(0, { code, detail: message });
        }
    }

    function page(path, parameters) {
        const query = Object.keys(parameters)
            .filter((name) => parameters[name])
            .map((name) => `${name}=${encodeURIComponent(parameters[name])}`);
        return query.length ? `${path}?${query.join('&')}` : path;
    }

    return {
        /** What may be claimed: `{ data, next_cursor }`. */
        offers(cursor) {
            return get(page('/v1/mini/offers', { cursor }));
        },

        /**
         * Lets somebody take a card into their WeChat wallet. Resolves to `{ code, coupon_id }` of the card that was taken;
         * `coupon_id` is null until WeChat has told the merchant, which takes a moment, and both are null when the server
         * could not be asked. Rejects with the code `cancelled` when they thought better of it, and with `not_taken` when
         * WeChat gave them none: the next tap goes on where they left.
         */
        async take(placementId, channel) {
            if (typeof wx.addCard !== 'function') {
                throw new Refusal(0, { code: 'wechat_too_old' });
            }
            const claim = await act(`card.${placementId}`, '/v1/mini/cards/claims', {
                placement_id: placementId,
                channel,
            });
            const added = await ask('addCard', { cardList: claim.cardList });
            const cardList = (added.cardList || []).map(({ code, cardId, isSuccess }) => ({ code, cardId, isSuccess }));
            if (!cardList.some(isTaken)) {
                throw new Refusal(0, { code: 'not_taken' });
            }
            const path = `/v1/mini/cards/claims/${claim.claim_id}/result`;
            try {
                return body(await patiently((token) => send('POST', path, { token, body: { cardList } })));
            } catch (_) {
                // They have the card, and WeChat tells the merchant of it: what we say is a hint.
                return { code: null, coupon_id: null };
            }
        },

        /** Shows coupons as cards in WeChat. */
        async show(couponIds) {
            if (typeof wx.openCard !== 'function') {
                throw new Refusal(0, { code: 'wechat_too_old' });
            }
            const answer = await patiently((token) => send('POST', '/v1/mini/cards/open', {
                token,
                body: { coupon_ids: couponIds },
            }));
            await ask('openCard', { cardList: body(answer).cardList });
        },

        /** The coupon behind a card, from the query of the page that the card has opened. */
        async lookUp(query) {
            const answer = await patiently((token) => send('POST', '/v1/mini/cards/lookup', {
                token,
                // The query arrives percent-encoded once.
                body: {
                    card_id: decodeURIComponent(query.card_id),
                    encrypt_code: decodeURIComponent(query.encrypt_code),
                },
            }));
            return body(answer);
        },

        /** The coupons under one tab: `usable`, `locked`, `used`, `expired` or `suspended`. */
        coupons(tab, cursor) {
            return get(page('/v1/mini/coupons', { tab, cursor }));
        },

        /** One coupon, with its whole code. */
        coupon(id) {
            return get(`/v1/mini/coupons/${id}`);
        },

        /** The file of a picture of the code, as a till reads it. `kind` is `qr-code` or `barcode`. */
        async picture(id, kind) {
            const answer = await patiently((token) => promised(wx.downloadFile.bind(wx), {
                url: `${baseUrl}/v1/mini/coupons/${id}/${kind || 'qr-code'}?format=png`,
                header: { authorization: `Bearer ${token}` },
            }));
            if (answer.statusCode !== 200) {
                throw new Refusal(answer.statusCode, {});
            }
            return answer.tempFilePath;
        },

        /** Ends the session on the server and forgets it here. */
        async logOut() {
            const token = wx.getStorageSync(TOKEN);
            wx.removeStorageSync(TOKEN);
            if (token) {
                await send('DELETE', '/v1/mini/sessions/current', { token });
            }
        },
    };
}

module.exports = { connect, Refusal };
