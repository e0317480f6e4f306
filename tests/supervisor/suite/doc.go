// Package suite drives a plugin executable the way a Mattermost server does.
//
// It uses the server's plugin library: the real supervisor starts the process, makes the RPC calls, and
// performs health checks. Only the plugin API is implemented here, by a small server in memory (type
// server). Two modules compile the suite: v017 with the oldest supported plugin library, and v043 with the
// newest.
//
// The suite tests two executables. PLUGIN_EXECUTABLE is the plugin. HELLO_EXECUTABLE is the same host with the
// component of tests/guests/hello, which echoes, traps, and loops, so that the tests of RPC and sandbox do not
// depend on the plugin. PLUGIN_NETWORK is the network that they listen on, if it is not a Unix socket.
// HELLO_EVENTS is the number of concurrent requests of the hello component, if it was built with another
// manifest.
//
// Requests go through a real HTTP listener if the connection matters, and directly to the hook otherwise. Tests
// wait for conditions, not for durations.
package suite
