/* global Page, getApp, wx */
const words = require('../../utils/words.js');

/** In groups of four, as people read codes to each other. */
function spaced(code) {
    return code.replace(/(.{4})(?=.)/g, '$1 ');
}

Page({
    data: { coupon: null, picture: '', openable: false, trouble: '' },

    /** From a list with the coupon's id; from the card in WeChat with its encrypted code. */
    onLoad(query) {
        this.query = query;
        this.id = query.id;
    },

    onShow() {
        this.read();
    },

    async read() {
        const { api } = getApp();
        try {
            if (!this.id) {
                this.id = (await api.lookUp(this.query)).id;
            }
            const coupon = await api.coupon(this.id);
            const showable = ['usable', 'not_yet_valid', 'locked'].includes(coupon.status);
            this.setData({
                coupon: {
                    title: coupon.title,
                    worth: words.worth(coupon.benefit),
                    threshold: words.threshold(coupon.threshold),
                    code: spaced(coupon.code),
                    status: words.couponStatus(coupon.status, coupon.suspended),
                    span: `${words.moment(coupon.valid_from)} 至 ${words.moment(coupon.valid_until)}`,
                    introduction: coupon.texts.introduction,
                },
                // Only asking WeChat tells whether it has the coupon.
                openable: showable && !this.isElsewhere,
                trouble: '',
            });
            // The picture needs the session's header, so the image cannot load it by its address.
            const picture = showable ? await api.picture(this.id, 'qr-code') : '';
            this.setData({ picture });
        } catch (error) {
            this.setData({ trouble: error.message });
        }
    },

    /** The same coupon as WeChat shows it. */
    async show() {
        try {
            await getApp().api.show([this.id]);
        } catch (error) {
            this.isElsewhere = error.code === 'no_such_coupon';
            const title = this.isElsewhere ? words.say('not_in_wechat') : error.message;
            this.setData({ openable: !this.isElsewhere });
            wx.showToast({ title, icon: 'none' });
        }
    },
});
