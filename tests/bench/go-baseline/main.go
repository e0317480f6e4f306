// Command go-baseline is the smallest plugin on Mattermost's Go SDK that receives Zoom's webhooks. `make bench`
// compares the sandboxed plugin with it.
//
// It verifies a delivery like the sandboxed plugin, makes the same API calls for the events of the benchmark,
// and gives the same answers. It has no commands, bot, webapp, or OAuth, and sends no requests, so a real Go
// plugin needs more.
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

// baseline is the plugin.
type baseline struct {
	plugin.MattermostPlugin
	settings atomic.Pointer[settings]
}

// OnConfigurationChange loads the settings.
func (b *baseline) OnConfigurationChange() error {
	loaded := new(settings)
	if err := b.API.LoadPluginConfiguration(loaded); err != nil {
		return err
	}
	b.settings.Store(loaded)
	return nil
}

func main() { plugin.ClientMain(&baseline{}) }
