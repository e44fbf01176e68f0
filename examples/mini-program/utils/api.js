// Everything this mini-program asks of kaquan. One session for all pages, one retry when it has ended, and one
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

/** The problem document in an answer, which some versions of swan hand over as a text. */
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

/** Speaks to the kaquan at `config.baseUrl` for the app `config.appId`. */
function connect(swan, config) {
    const baseUrl = config.baseUrl.replace(/\/+$/, '');
    let loggingIn = null;

    async function loginCode() {
        // `swan.getLoginCode` is the newer of the two and asks nothing of the user.
        const call = swan.getLoginCode || swan.login;
        const got = await promised(call.bind(swan), {});
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
        swan.setStorageSync(TOKEN, answer.data.token);
        return answer.data.token;
    }

    /** The token in storage, or a new one; pages that ask at once share one login. */
    async function session() {
        const token = swan.getStorageSync(TOKEN);
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
        return promised(swan.request.bind(swan), {
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
        if (swan.getStorageSync(TOKEN) === token) {
            swan.removeStorageSync(TOKEN);
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
        const key = swan.getStorageSync(place) || freshKey();
        swan.setStorageSync(place, key);
        const answer = await patiently((token) => send('POST', path, { token, key, body: data }));
        if (!isPassing(answer)) {
            swan.removeStorageSync(place);
        }
        return body(answer);
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

        /** Claims a coupon; it comes with its whole code. */
        claim(placementId) {
            return act(`claim.${placementId}`, '/v1/mini/claims', { placement_id: placementId });
        },

        /** The coupons under one tab: `usable`, `locked`, `used` or `expired`. */
        coupons(tab, cursor) {
            return get(page('/v1/mini/coupons', { tab, cursor }));
        },

        /** One coupon, with its whole code. */
        coupon(id) {
            return get(`/v1/mini/coupons/${id}`);
        },

        /** The file of a picture of the code, as a till reads it. `kind` is `qr-code` or `barcode`. */
        async picture(id, kind) {
            const answer = await patiently((token) => promised(swan.downloadFile.bind(swan), {
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
            const token = swan.getStorageSync(TOKEN);
            swan.removeStorageSync(TOKEN);
            if (token) {
                await send('DELETE', '/v1/mini/sessions/current', { token });
            }
        },
    };
}

module.exports = { connect, Refusal };
