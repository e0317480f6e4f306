package suite

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mattermost/mattermost/server/public/plugin"
)

const mebibyte = 1 << 20

func answersHelp(t *testing.T) {
	p := start(t, pluginBundle(t), settings())
	user, channel := p.server.addUserInChannel("ada")
	if text := p.run(t, "/zoom help", user, channel); !strings.Contains(text, "/zoom start") {
		t.Errorf("the help does not mention /zoom start: %q", text)
	}
	if text := p.run(t, "/zoom", user, channel); text == "" {
		t.Error("the command without arguments shows nothing")
	}
}

func recoversFromWrongSettings(t *testing.T) {
	broken := settings()
	delete(broken, "oauthclientid")
	p := start(t, pluginBundle(t), broken)
	pid := p.process(t)
	user, channel := p.server.addUserInChannel("ada")

	if got := p.call(t, http.MethodGet, "/oauth2/connect", user, nil); got.status != http.StatusNotImplemented {
		t.Errorf("expected 501, got %d: %s", got.status, got.body)
	}
	if text := p.run(t, "/zoom help", user, channel); text == "" {
		t.Error("the command does not show the problem")
	}
	logged := func() bool {
		for _, line := range p.server.logged() {
			lower := strings.ToLower(line)
			if strings.Contains(lower, "oauth") && strings.Contains(lower, "client") {
				return true
			}
		}
		return false
	}
	if !logged() {
		t.Errorf("no log line contains the missing setting: %q", p.server.logged())
	}

	p.server.configure(settings())
	check(t, p.hooks(t).OnConfigurationChange())
	if got := p.call(t, http.MethodGet, "/no/such/path", user, nil); got.status != http.StatusNotFound {
		t.Errorf("after the correction: expected 404, got %d: %s", got.status, got.body)
	}
	if p.process(t) != pid {
		t.Error("the process was restarted")
	}
}

func answersRequestsItDoesNotServe(t *testing.T) {
	p := start(t, pluginBundle(t), settings())
	user, _ := p.server.addUserInChannel("ada")
	for _, example := range []struct {
		method, path, user string
		status             int
	}{
		{http.MethodGet, "/no/such/path", user, http.StatusNotFound},
		{http.MethodPost, "/no/such/path", "", http.StatusNotFound},
		{http.MethodGet, "/api/v1/meetings", user, http.StatusMethodNotAllowed},
		{http.MethodDelete, "/webhook", "", http.StatusMethodNotAllowed},
		{http.MethodPost, "/api/v1/meetings", "", http.StatusUnauthorized},
	} {
		got := p.call(t, example.method, example.path, example.user, strings.NewReader("{}"))
		if got.status != example.status {
			t.Errorf("%s %s: expected %d, got %d: %s", example.method, example.path, example.status, got.status, got.body)
		}
	}
	got := p.call(t, http.MethodPost, "/api/v1/meetings", user, strings.NewReader("{not json"))
	if got.status != http.StatusBadRequest {
		t.Errorf("broken JSON: expected 400, got %d: %s", got.status, got.body)
	}
}

// endless is a body that never ends. It counts the bytes that were read.
type endless struct{ read int }

func (e *endless) Read(chunk []byte) (int, error) {
	e.read += len(chunk)
	return len(chunk), nil
}

func rejectsLargeBodies(t *testing.T) {
	p := start(t, pluginBundle(t), settings())
	pid := p.process(t)
	user, _ := p.server.addUserInChannel("ada")
	large := func() io.Reader { return bytes.NewReader(make([]byte, mebibyte+1)) }
	for range 20 {
		// The length is announced, so the body does not have to be read.
		if got := p.call(t, http.MethodPost, "/api/v1/meetings", user, large()); got.status != http.StatusRequestEntityTooLarge {
			t.Fatalf("expected 413, got %d: %s", got.status, got.body)
		}
	}
	// The length is not announced, so only the first bytes are read.
	body := &endless{}
	if got := p.call(t, http.MethodPost, "/api/v1/meetings", user, body); got.status != http.StatusRequestEntityTooLarge {
		t.Fatalf("an endless body: expected 413, got %d: %s", got.status, got.body)
	}
	if body.read > 4*mebibyte {
		t.Errorf("%d bytes of an endless body were read", body.read)
	}
	full := bytes.NewReader(bytes.Repeat([]byte(" "), mebibyte))
	if got := p.call(t, http.MethodPost, "/api/v1/meetings", user, full); got.status != http.StatusBadRequest {
		t.Errorf("one mebibyte of spaces: expected 400, got %d: %s", got.status, got.body)
	}
	if p.process(t) != pid {
		t.Error("the process was restarted")
	}
}

func servesMetrics(t *testing.T) {
	p := start(t, pluginBundle(t), settings())
	p.call(t, http.MethodGet, "/no/such/path", "", nil)
	written := httptest.NewRecorder()
	p.hooks(t).ServeMetrics(&plugin.Context{}, written, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if kind := written.Header().Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; version=0.0.4") {
		t.Errorf("the content type is %q", kind)
	}
	for _, line := range []string{
		`plugin_host_events_total{kind="request",outcome="done"} 1`,
		`plugin_host_events_total{kind="lifecycle",outcome="done"}`,
		"process_resident_memory_bytes ",
	} {
		if !strings.Contains(written.Body.String(), line) {
			t.Errorf("missing %s in:\n%s", line, written.Body)
		}
	}
}

func addsDiagnostics(t *testing.T) {
	p := start(t, pluginBundle(t), settings())
	files, err := p.hooks(t).GenerateSupportData(&plugin.Context{})
	check(t, err)
	if len(files) != 2 || files[0].Filename != "zoom/diagnostics.txt" || files[1].Filename != "zoom/component.json" {
		t.Fatalf("got %v", files)
	}
	var report struct {
		Checks []struct{ Check, Outcome string }
	}
	if err := json.Unmarshal(files[1].Body, &report); err != nil || len(report.Checks) < 5 {
		t.Errorf("the component's checks: %v in %s", err, files[1].Body)
	}
	text := string(files[0].Body) + string(files[1].Body)
	for _, expected := range []string{"policy:", "mattermost:plugin/kv", "plugin_host_events_total"} {
		if !strings.Contains(text, expected) {
			t.Errorf("missing %s in:\n%s", expected, text)
		}
	}
	for _, secret := range []string{"client-secret", "webhook-token", strings.Repeat("k", 32), strings.Repeat("w", 32)} {
		if strings.Contains(text, secret) {
			t.Errorf("the diagnostics contain a secret:\n%s", text)
		}
	}
}
