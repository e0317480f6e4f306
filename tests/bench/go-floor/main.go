// Command go-floor is the least that a plugin on Mattermost's own Go SDK does to receive Zoom's webhooks:
// the floor that `make bench` measures the sandboxed plugin against.
//
// It verifies a delivery as the sandboxed plugin does, makes the same calls of Mattermost's API for the
// events of the benchmark, and gives the same answers. It has no commands, no bot, no webapp, no OAuth and
// no requests of its own, so whatever a real Go plugin weighs comes on top.
//
//	POST /webhook?secret=  verify; read the occurrence's post and the meeting's record; if the meeting is
//	                       followed, mark the delivery as done, once, by compare-and-set
//	POST /once?secret=     verify; mark the delivery as done, and nothing else
//	PUT  /value            store the body
//	GET  /kv-reads?n=      read the stored value n times
//	GET  /header           answer with the request's header X-Name, without any call
//	GET  /trap             panic
package main

import (
	"sync/atomic"

	"github.com/mattermost/mattermost/server/public/plugin"
)

// settings are the two secrets of a webhook.
type settings struct {
	WebhookSecret     string
	ZoomWebhookSecret string
}

// floor is the plugin.
type floor struct {
	plugin.MattermostPlugin
	settings atomic.Pointer[settings]
}

// OnConfigurationChange takes the settings in.
func (f *floor) OnConfigurationChange() error {
	loaded := new(settings)
	if err := f.API.LoadPluginConfiguration(loaded); err != nil {
		return err
	}
	f.settings.Store(loaded)
	return nil
}

func main() { plugin.ClientMain(&floor{}) }
