// A phone in Node: as much of `wx` as this mini-program uses, over real HTTP, for one person.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** `before(options)` may throw to lose a call, `after(options, answer)` to lose its answer. */
function phone({ loginCode, wallet, before = () => {}, after = () => {} }) {
    const storage = new Map();
    const sent = [];

    async function ask(options) {
        sent.push(options);
        before(options);
        const reply = await fetch(options.url, {
            method: options.method || 'GET',
            headers: options.header,
            body: options.data === undefined ? undefined : JSON.stringify(options.data),
        });
        const header = Object.fromEntries(reply.headers);
        const bytes = Buffer.from(await reply.arrayBuffer());
        const answer = { statusCode: reply.status, header, bytes };
        after(options, answer);
        return answer;
    }

    /** As wx does it: an answer of any status is a success. */
    function answering(work) {
        return (options) => {
            work(options).then(options.success, (error) => options.fail({ errMsg: error.errMsg || String(error) }));
        };
    }

    return {
        sent,
        storage,
        login: answering(async () => ({ code: await loginCode() })),
        addCard: answering((options) => wallet('addCard', options.cardList)),
        openCard: answering((options) => wallet('openCard', options.cardList)),
        request: answering(async (options) => {
            const answer = await ask(options);
            const text = answer.bytes.toString('utf8');
            const isJson = /json/.test(answer.header['content-type'] || '');
            return Object.assign(answer, { data: isJson ? JSON.parse(text) : text });
        }),
        downloadFile: answering(async (options) => {
            const answer = await ask(options);
            const place = fs.mkdtempSync(path.join(os.tmpdir(), 'kaquan-'));
            const tempFilePath = path.join(place, 'picture');
            fs.writeFileSync(tempFilePath, answer.bytes);
            return Object.assign(answer, { tempFilePath });
        }),
        getStorageSync: (name) => storage.get(name) || '',
        setStorageSync: (name, value) => storage.set(name, value),
        removeStorageSync: (name) => storage.delete(name),
    };
}

module.exports = { phone };
