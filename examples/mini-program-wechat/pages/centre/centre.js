/* global Page, getApp, wx */
const words = require('../../utils/words.js');

function shown(offer) {
    const action = words.offerAction(offer.status);
    return {
        id: offer.placement_id,
        title: offer.title,
        worth: words.worth(offer.benefit),
        threshold: words.threshold(offer.threshold),
        note: offer.texts.description || `领取截止 ${words.moment(offer.closes_at)}`,
        action: action.text,
        enabled: action.enabled,
    };
}

Page({
    data: { offers: [], cursor: null, state: 'loading', trouble: '' },

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

    async read(cursor) {
        try {
            const page = await getApp().api.offers(cursor);
            const offers = (cursor ? this.data.offers : []).concat(page.data.map(shown));
            this.setData({ offers, cursor: page.next_cursor, state: 'ready', trouble: '' });
        } catch (error) {
            this.setData({ state: 'trouble', trouble: error.message });
        }
    },

    async take(event) {
        const { id, enabled } = event.currentTarget.dataset;
        if (!enabled || this.taking) {
            return;
        }
        this.taking = true;
        try {
            const taken = await getApp().api.take(id);
            wx.showToast({ title: '领取成功' });
            if (taken.coupon_id) {
                wx.navigateTo({ url: `/pages/coupon/coupon?id=${taken.coupon_id}` });
            }
        } catch (error) {
            wx.showToast({ title: error.message, icon: 'none' });
            this.read();
        } finally {
            this.taking = false;
        }
    },
});
