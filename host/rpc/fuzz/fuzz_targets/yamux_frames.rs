#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| mattermost_plugin_rpc_fuzz::yamux_frames(data));
