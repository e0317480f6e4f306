// Mattermost loads the built file as a classic script.
import {PLUGIN_ID, host} from './host';
import {initialize} from './plugin';

host.registerPlugin(PLUGIN_ID, {initialize});
