// What people read, in one place.

const REFUSALS = {
    ended: '活动已结束',
    closed: '活动已结束',
    not_open: '活动还没开始',
    paused: '活动暂停中，请稍后再来',
    not_eligible: '这张券只发给指定会员',
    limit_reached: '您已经领过了',
    sold_out: '来晚一步，已经领完了',
    stale: '页面停留太久，请刷新后再领',
    no_such_coupon: '没有找到这张券',
    not_found: '没有找到',
    locked: '这张券正用于另一笔订单',
    already_redeemed: '这张券已经用过了',
    not_yet_valid: '还没到使用时间',
    expired: '这张券已过期',
    rate_limited: '操作太快了，请稍后再试',
    busy: '人太多了，请稍后再试',
    in_flight: '正在处理，请稍后再看',
    unauthenticated: '登录已失效，请重新进入',
    no_answer: '网络不给力，请检查后再试',
    suspended: '这张券正在转赠，或已不在您手中',
    reserved: '您刚刚申请过，请在几分钟内领取',
    cancelled: '您取消了领取',
    not_taken: '没有领到，请再试一次',
    not_in_wechat: '这张券不在微信卡包里，请直接出示券码',
    wechat_refused: '微信没有接受，请稍后再试',
    wechat_too_old: '微信版本太低，请升级后再领',
};

/** A sentence for people about a refusal. */
function say(code) {
    return REFUSALS[code] || '出了点问题，请稍后再试';
}

/** 2000 becomes 20, 1950 becomes 19.5. */
function yuan(fen) {
    return String(Math.round(fen) / 100);
}

/** What a coupon is worth, short enough for its left edge. */
function worth(benefit) {
    switch (benefit.type) {
        case 'amount':
            return `¥${yuan(benefit.off_fen)}`;
        case 'percent':
            return `${String((10000 - benefit.off_basis_points) / 1000)}折`;
        case 'free_shipping':
            return '包邮';
        case 'exchange':
            return '兑换';
        case 'group_buy':
            return `团购¥${yuan(benefit.price_fen)}`;
        default:
            return '优惠';
    }
}

/** What must be in the cart. */
function threshold(rule) {
    switch (rule.type) {
        case 'amount':
            return `满¥${yuan(rule.fen)}可用`;
        case 'pieces':
            return `满${rule.count}件可用`;
        default:
            return '无门槛';
    }
}

const two = (number) => String(number).padStart(2, '0');

/** A moment as clocks in China show it. */
function moment(text) {
    const china = new Date(Date.parse(text) + 8 * 3600 * 1000);
    const day = `${china.getUTCFullYear()}.${two(china.getUTCMonth() + 1)}.${two(china.getUTCDate())}`;
    return `${day} ${two(china.getUTCHours())}:${two(china.getUTCMinutes())}`;
}

/** What stands on the button of an offer, and whether it can be pressed. */
function offerAction(status) {
    const texts = {
        claimable: '立即领取',
        not_open: '即将开始',
        sold_out: '已领完',
        already_have: '已领取',
        not_eligible: '限会员',
    };
    return { text: texts[status] || '不可领', enabled: status === 'claimable' };
}

/** How a coupon stands; `reason` says why WeChat keeps one from being used. */
function couponStatus(status, reason) {
    const suspensions = {
        gifting: '转赠中',
        deleted: '已从微信卡包删除',
        given_away: '已转赠',
    };
    const texts = {
        usable: '可使用',
        not_yet_valid: '未到使用时间',
        locked: '订单占用中',
        used: '已使用',
        expired: '已过期',
        void: '已作废',
        suspended: suspensions[reason] || '暂不可用',
    };
    return texts[status] || '';
}

module.exports = { say, yuan, worth, threshold, moment, offerAction, couponStatus };
