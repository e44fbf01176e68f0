/* global Page, getApp, wx */
const words = require('../../utils/words.js');

const TABS = [
    { name: 'usable', text: '可使用' },
    { name: 'locked', text: '占用中' },
    { name: 'used', text: '已使用' },
    { name: 'expired', text: '已过期' },
    { name: 'suspended', text: '转赠/删除' },
];

function shown(coupon) {
    return {
        id: coupon.id,
        title: coupon.title,
        worth: words.worth(coupon.benefit),
        threshold: words.threshold(coupon.threshold),
        note: `有效期至 ${words.moment(coupon.valid_until)}`,
        status: words.couponStatus(coupon.status, coupon.suspended),
        over: ['used', 'expired', 'suspended'].includes(coupon.status),
    };
}

Page({
    data: { tabs: TABS, tab: 'usable', coupons: [], cursor: null, state: 'loading', trouble: '' },

    onShow() {
        this.read();
    },

    async onPullDownRefresh() {
        await this.read();
        wx.stopPullDownRefresh();
    },

    onReachBottom() {
        if (this.data.cursor) {
            this.read(this.data.cursor);
        }
    },

    choose(event) {
        const { tab } = event.currentTarget.dataset;
        this.setData({ tab, coupons: [], cursor: null, state: 'loading' });
        this.read();
    },

    async read(cursor) {
        const { tab } = this.data;
        try {
            const page = await getApp().api.coupons(tab, cursor);
            // The answer to a tab that was left meanwhile is of no use.
            if (tab !== this.data.tab) {
                return;
            }
            const coupons = (cursor ? this.data.coupons : []).concat(page.data.map(shown));
            this.setData({ coupons, cursor: page.next_cursor, state: 'ready', trouble: '' });
        } catch (error) {
            this.setData({ state: 'trouble', trouble: error.message });
        }
    },

    open(event) {
        wx.navigateTo({ url: `/pages/coupon/coupon?id=${event.currentTarget.dataset.id}` });
    },
});
