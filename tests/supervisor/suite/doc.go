// Package suite drives a plugin executable the way a Mattermost server does.
//
// It uses the server's own plugin library: the real supervisor starts the process, speaks its RPC and
// health-checks it. Only what lies behind the plugin API is ours, a small server in memory (type
// server). The suite is compiled twice, by the modules beside this one: once with the oldest plugin
// library that the protocol layer is meant for, and once with the newest.
//
// Two executables are driven. PLUGIN_EXECUTABLE is the plugin itself. HELLO_EXECUTABLE is the same
// host with the component of tests/guests/hello inside: it echoes, traps and loops, so that what is
// said of the wire and of the sandbox does not depend on what the plugin happens to offer. PLUGIN_NETWORK
// says what they listen on, if that is not a socket of their own, and HELLO_EVENTS how many requests at once
// the other component answers, if its manifest was another when it was built.
//
// Requests go through a real HTTP listener where a connection matters, and straight into the hook
// elsewhere. Tests wait for conditions, never for durations.
package suite
