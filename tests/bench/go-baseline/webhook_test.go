package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
)

const (
	key       = "zoom-secret-token"
	ended     = `{"event":"meeting.ended"}`
	timestamp = "1786024200"
	// printf 'v0:1786024200:{"event":"meeting.ended"}' | openssl dgst -sha256 -hmac zoom-secret-token
	signature = "v0=4bb1a50a8935f9d73f5e4b38ec4107ea1478e51cc01fd7ede54410528ab7aedd"
)

func TestASignatureMadeElsewhereIsAcceptedForFiveMinutes(t *testing.T) {
	for _, example := range []struct {
		name, key, timestamp, signature, body string
		seconds                               int64
		good                                  bool
	}{
		{"now", key, timestamp, signature, ended, 0, true},
		{"five minutes later", key, timestamp, signature, ended, 300, true},
		{"five minutes earlier", key, timestamp, signature, ended, -300, true},
		{"later still", key, timestamp, signature, ended, 301, false},
		{"earlier still", key, timestamp, signature, ended, -301, false},
		{"another key", "other", timestamp, signature, ended, 0, false},
		{"another body", key, timestamp, signature, "{}", 0, false},
		{"another time", key, "1786024201", signature, ended, 0, false},
		{"no time", key, "", signature, ended, 0, false},
		{"no signature", key, timestamp, "", ended, 0, false},
	} {
		now := time.Unix(1786024200+example.seconds, 0)
		err := verify([]byte(example.key), example.timestamp, example.signature, []byte(example.body), now)
		if (err == nil) != example.good {
			t.Errorf("%s: %v", example.name, err)
		}
	}
}

// store is the part of Mattermost's API that the webhook uses.
type store struct {
	plugin.API
	values map[string][]byte
	set    int
}

func (s *store) KVGet(key string) ([]byte, *model.AppError) { return s.values[key], nil }

func (s *store) KVSetWithOptions(key string, value []byte, options model.PluginKVSetOptions) (bool, *model.AppError) {
	if options.Atomic && !bytes.Equal(s.values[key], options.OldValue) {
		return false, nil
	}
	s.values[key], s.set = value, s.set+1
	return true, nil
}

func (s *store) LogWarn(string, ...any) {}

func TestADeliveryOfAFollowedMeetingIsMarkedOnce(t *testing.T) {
	api := &store{values: map[string][]byte{"meeting_channel_7": []byte(`{"is_subscription":true}`)}}
	b := &baseline{}
	b.SetAPI(api)
	b.settings.Store(&settings{WebhookSecret: "a+b", ZoomWebhookSecret: key})
	for _, id := range []string{`"7"`, `7`, `8`} {
		delivered := &event{Event: "meeting.ended"}
		delivered.Payload.Object.UUID, delivered.Payload.Object.ID = "u/==", []byte(id)
		if err := b.work(delivered); err != nil {
			t.Fatal(err)
		}
	}
	if api.set != 1 {
		t.Errorf("marked %d times", api.set)
	}
	for address, status := range map[string]int{"/webhook?secret=a%2Bb": http.StatusUnauthorized, "/webhook?secret=x": http.StatusUnauthorized, "/x": http.StatusNotFound} {
		answer := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodPost, address, bytes.NewReader([]byte(ended)))
		request.Header.Set("Content-Type", "application/json; charset=utf-8")
		b.ServeHTTP(nil, answer, request)
		if answer.Code != status {
			t.Errorf("%s: %d", address, answer.Code)
		}
	}
}
