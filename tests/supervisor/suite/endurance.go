package suite

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
)

// Calls in rounds: the first rounds warm up, then the highest of a few samples is what the last rounds,
// the lowest of theirs, must not pass by much. A leak shows in both; a buffer in use shows in one.
const (
	round   = 2_000
	warmUp  = 10
	rounds  = 60
	samples = 5
	// promised is what the process may have resident at the end, in KiB.
	promised = 12 * 1024
)

func doesNotGrow(t *testing.T) {
	p := start(t, pluginBundle(t), settings())
	user, channel := p.server.addUserInChannel("ada")
	pid := p.process(t)
	hooks := p.hooks(t)
	var before, after int
	for n := range rounds {
		inParallel(t, round, 4, func(k int) error {
			switch {
			case k%1000 == 0:
				return hooks.OnConfigurationChange()
			case k%10 == 0:
				_, failure := hooks.ExecuteCommand(&plugin.Context{}, &model.CommandArgs{Command: "/zoom help", UserId: user, ChannelId: channel})
				if failure != nil {
					return failure
				}
			default:
				got := p.call(t, http.MethodPost, "/no/such/path", user, strings.NewReader("body"))
				if got.status != http.StatusNotFound {
					return fmt.Errorf("status %d", got.status)
				}
			}
			return nil
		})
		now := resident(t, pid, "VmRSS")
		switch {
		case n >= warmUp && n < warmUp+samples:
			before = max(before, now)
		case n == rounds-samples:
			after = now
		case n > rounds-samples:
			after = min(after, now)
		}
		p.server.forget()
	}
	t.Logf("after %d calls %d KiB, after %d calls %d KiB", warmUp*round, before, rounds*round, after)
	if after > before+1024 {
		t.Errorf("it grew from %d to %d KiB", before, after)
	}
	if after > promised {
		t.Errorf("it has %d KiB, more than the %d that are promised", after, promised)
	}
	if p.process(t) != pid {
		t.Error("it is another process now")
	}
}

// forget drops what was only recorded, so that the test itself does not grow.
func (s *server) forget() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.logs, s.ephemeral, s.events = nil, nil, nil
}
