/* global App, wx */
const { connect } = require('./utils/api.js');
const config = require('./config.js');

App({
    onLaunch() {
        this.api = connect(wx, config);
    },
});
