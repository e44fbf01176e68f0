// The only two settings: where kaquan is reached, and the id of your mini-program's app there (app_… from
// POST /v1/admin/apps with the platform wechat_mini).
module.exports = {
    baseUrl: 'https://coupons.example.com',
    appId: 'app_00000000000070008000000000000000',
};
