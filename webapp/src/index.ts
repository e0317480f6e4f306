// Mattermost loads the built file as a classic script. The plugin registers itself as soon as the script runs:
// Mattermost 12 removes a plugin that is not registered within 30 seconds.
import {PLUGIN_ID, clientWindow} from './mattermost';
import {initialize} from './plugin';

clientWindow.registerPlugin(PLUGIN_ID, {initialize});
