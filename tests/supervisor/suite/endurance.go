package suite

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
)

// Events come in rounds. The first rounds fill buffers, caches, connections, and thread pools. Then the resources of the
// process are compared with its resources 100,000 events later.
const (
	round   = 2_000
	settle  = 10
	rounds  = 66
	looks   = 5
	drift   = 1_000_000 // allowed growth of the resident memory in bytes
	promise = 12 * 1024 // allowed resident memory of the plugin at the end in KiB
)

// held is the resources of a process.
type held struct {
	resident    int // bytes
	threads     int
	descriptors int
}

func holds(t testing.TB, pid int) held {
	t.Helper()
	count := func(what string) int {
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/%s", pid, what))
		check(t, err)
		return len(entries)
	}
	return held{memory(t, pid, "VmRSS") * 1024, count("task"), count("fd")}
}

// summary combines several samples: the median of the memory, because a sample may include a buffer in use, and the
// maximum of threads and descriptors, because outgoing connections are kept for a while.
func summary(looks []held) held {
	var sum held
	var resident []int
	for _, look := range looks {
		resident = append(resident, look.resident)
		sum.threads = max(sum.threads, look.threads)
		sum.descriptors = max(sum.descriptors, look.descriptors)
	}
	slices.Sort(resident)
	sum.resident = resident[len(resident)/2]
	return sum
}

// endures runs events in rounds and compares the resources of the process after the first rounds and at the end. event
// runs event n, and between runs after each round.
func (p *installed) endures(t *testing.T, event func(n int) error, between func(round int)) held {
	t.Helper()
	pid := p.process(t)
	var before, after []held
	for r := range rounds {
		inParallel(t, round, 4, func(k int) error { return event(r*round + k) })
		between(r)
		look := holds(t, pid)
		t.Logf("round %d: %+v", r, look)
		switch {
		case r >= settle && r < settle+looks:
			before = append(before, look)
		case r >= rounds-looks:
			after = append(after, look)
		}
		p.server.forget()
	}
	if p.process(t) != pid {
		t.Error("the process was restarted")
	}
	first, last := summary(before), summary(after)
	t.Logf("after %d events %+v, after %d %+v", (settle+looks/2)*round, first, (rounds-looks/2)*round, last)
	if last.resident > first.resident+drift {
		t.Errorf("the memory grew by %d bytes", last.resident-first.resident)
	}
	// Threads for DNS lookups end a few seconds after the last lookup.
	eventually(t, "threads end", func() bool { return holds(t, pid).threads <= first.threads })
	eventually(t, "descriptors are closed", func() bool { return holds(t, pid).descriptors <= first.descriptors })
	return last
}

// expect returns an error if the status is not the expected one.
func expect(got answer, status int) error {
	if got.status != status {
		return fmt.Errorf("expected %d, got %d: %s", status, got.status, got.body)
	}
	return nil
}

// mix runs the first task whose number divides n.
type mix []struct {
	every int
	task  func(n int) error
}

func (m mix) event(n int) error {
	for _, one := range m {
		if n%one.every == 0 {
			return one.task(n)
		}
	}
	return nil
}

// enduresAMixture sends regular events: commands, requests with and without a user, webhooks that end meetings, and
// webhooks that create jobs.
func enduresAMixture(t *testing.T) {
	p := start(t, pluginBundle(t), settings())
	user, channel := p.server.addUserInChannel("ada")
	hooks := p.hooks(t)
	ended := func(n int) error {
		uuid, number := fmt.Sprintf("ended%d==", n), 84312345678+n
		id := p.server.addMeeting(user, channel, uuid, number)
		got := p.webhook(t, "meeting.ended", map[string]any{"uuid": uuid, "id": fmt.Sprint(number)})
		if status, _ := p.server.prop(id, "meeting_status").(string); status != "ENDED" {
			return fmt.Errorf("the meeting did not end: %d %s", got.status, got.body)
		}
		return expect(got, http.StatusOK)
	}
	recorded := func(n int) error {
		uuid, number := fmt.Sprintf("recorded%d==", n), 84312345678+n
		p.server.addMeeting(user, channel, uuid, number)
		files := []map[string]any{{"id": "chat", "recording_start": "a", "file_type": "CHAT", "recording_type": "chat_file", "download_url": "http://127.0.0.1/x"}}
		return expect(p.webhook(t, "recording.completed", map[string]any{"uuid": uuid, "id": number, "recording_files": files}), http.StatusOK)
	}
	events := mix{
		{1000, func(int) error { return hooks.OnConfigurationChange() }},
		{250, recorded},
		{50, func(n int) error {
			return expect(p.webhook(t, "meeting.started", map[string]any{"uuid": fmt.Sprint("unknown", n), "id": n}), http.StatusOK)
		}},
		{25, ended},
		{10, func(int) error {
			_, failure := hooks.ExecuteCommand(&plugin.Context{}, &model.CommandArgs{Command: "/zoom help", UserId: user, ChannelId: channel})
			if failure != nil {
				return failure
			}
			return nil
		}},
		{7, func(int) error {
			return expect(p.call(t, http.MethodPost, "/webhook?secret=wrong", "", strings.NewReader("{}")), http.StatusUnauthorized)
		}},
		{1, func(int) error {
			return expect(p.call(t, http.MethodPost, "/no/such/path", user, strings.NewReader("body")), http.StatusNotFound)
		}},
	}
	last := p.endures(t, events.event, func(int) { p.waitForJobs(t) })
	if last.resident > promise*1024 {
		t.Errorf("the process has %d bytes, more than %d KiB", last.resident, promise)
	}
}

// enduresFailures mixes successful events with failures: traps, memory limits, denied calls, bodies that are too large,
// truncated, or not read, external servers that fail, jobs that fail at first, and too many concurrent events.
func enduresFailures(t *testing.T) {
	outside := outside(t)
	p := start(t, helloBundle(t), map[string]any{"address": outside})
	user, channel := p.server.addUserInChannel("ada")
	hooks, listener := p.hooks(t), p.listen(t)
	get := func(path string, status int) func(int) error {
		return func(int) error { return expect(p.call(t, http.MethodGet, path, "", nil), status) }
	}
	fetch := func(address string, status int) func(int) error {
		return get("/fetch?url="+url.QueryEscape(address), status)
	}
	later := func(kind string) func(int) error {
		return func(n int) error {
			path := fmt.Sprintf("/later?kind=%s&delay=0", kind)
			return expect(p.call(t, http.MethodPost, path, "", strings.NewReader(fmt.Sprintf("jobs%d", n%16))), http.StatusAccepted)
		}
	}
	events := mix{
		{5000, get("/memory", http.StatusInternalServerError)},
		{2000, func(int) error {
			body := strings.NewReader(strings.Repeat("x", mebibyte+1))
			return expect(p.call(t, http.MethodPost, "/echo", "", body), http.StatusRequestEntityTooLarge)
		}},
		{30_011, later("stumble")},
		{1000, get("/pieces", http.StatusOK)},
		{999, func(int) error { return hooks.OnConfigurationChange() }},
		{500, func(n int) error { return disconnect(listener.URL, n) }},
		{200, get("/trap", http.StatusInternalServerError)},
		{100, later("count")},
		{99, fetch(outside+"/good", http.StatusOK)},
		{98, fetch(outside+"/gone", http.StatusBadGateway)},
		{97, fetch(outside+"/large", http.StatusRequestEntityTooLarge)},
		{96, fetch("https://example.com/", http.StatusForbidden)},
		{60, func(int) error {
			return expect(p.call(t, http.MethodGet, "/as-user?channel="+channel, user, nil), http.StatusCreated)
		}},
		{20, get("/kv-host-key", http.StatusForbidden)},
		{15, get("/log", http.StatusOK)},
		{10, func(int) error {
			_, failure := hooks.ExecuteCommand(&plugin.Context{}, &model.CommandArgs{Command: "/hello", UserId: user, ChannelId: channel})
			if failure != nil {
				return failure
			}
			return nil
		}},
		{7, func(n int) error { return echoes(http.DefaultClient, listener.URL, random(int64(n), 64*1024)) }},
		{3, get("/", http.StatusOK)},
		{1, get("/nothing", http.StatusNotFound)},
	}
	p.endures(t, events.event, func(r int) {
		// In the first rounds, use all slots at once.
		switch {
		case r < 5:
			p.overload(t, 640, mebibyte)
		case r%20 == 4:
			p.overload(t, 430, 0)
		}
		p.waitForJobs(t)
	})
}

// disconnect sends a request and disconnects in the middle of the body or before the response.
func disconnect(address string, n int) error {
	connection, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		return err
	}
	if n%1000 == 0 {
		_, err = fmt.Fprintf(connection, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n%s", strings.Repeat("x", 40_000))
	} else {
		_, err = fmt.Fprint(connection, "GET /pieces HTTP/1.1\r\nHost: x\r\n\r\n")
	}
	if err != nil {
		return err
	}
	return connection.Close()
}

// overload sends more than twice as many concurrent requests as may run. Each takes nearly as long as others wait, so
// that the last ones are rejected.
func (p *installed) overload(t *testing.T, size, bed int) {
	t.Helper()
	var mutex sync.Mutex
	seen := map[int]int{}
	inParallel(t, size, size, func(int) error {
		got := p.call(t, http.MethodGet, fmt.Sprintf("/nap?ms=1200&bed=%d", bed), "", nil)
		mutex.Lock()
		defer mutex.Unlock()
		seen[got.status]++
		if got.status == http.StatusServiceUnavailable && got.header.Get("Retry-After") == "" {
			return fmt.Errorf("rejected without Retry-After")
		}
		return nil
	})
	if seen[http.StatusOK] < 200 || seen[http.StatusServiceUnavailable] == 0 || seen[http.StatusOK]+seen[http.StatusServiceUnavailable] != size {
		t.Errorf("the responses are %v", seen)
	}
}

// outside starts an external server on loopback, which the settings allow.
func outside(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	mux := http.NewServeMux()
	mux.HandleFunc("/good", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "good") })
	mux.HandleFunc("/gone", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 100_000)) })
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + listener.Addr().String()
}

// webhook sends a webhook event as Zoom does.
func (p *installed) webhook(t testing.TB, event string, object map[string]any) answer {
	t.Helper()
	payload := map[string]any{"object": object}
	body, err := json.Marshal(map[string]any{"event": event, "event_ts": model.GetMillis(), "download_token": "of-this-event", "payload": payload})
	check(t, err)
	stamp := fmt.Sprint(time.Now().Unix())
	mac := hmac.New(sha256.New, []byte(settings()["zoomwebhooksecret"].(string)))
	_, _ = fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	headers := map[string]string{
		"Content-Type":           "application/json",
		"X-Zm-Request-Timestamp": stamp,
		"X-Zm-Signature":         "v0=" + hex.EncodeToString(mac.Sum(nil)),
	}
	target := "/webhook?secret=" + settings()["webhooksecret"].(string)
	return p.callWith(t, http.MethodPost, target, headers, strings.NewReader(string(body)))
}

// waitForJobs waits until no job is left in the queue.
func (p *installed) waitForJobs(t testing.TB) {
	t.Helper()
	eventually(t, "all jobs are done", func() bool { return p.server.jobs() == 0 })
}

// jobs returns the number of jobs that wait or run.
func (s *server) jobs() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	count := 0
	for key, value := range s.values {
		if strings.HasPrefix(key, "_jobs_") {
			count += strings.Count(string(value.bytes), `"first_due"`)
		}
	}
	return count
}

// addMeeting adds the post of a meeting and its records, as the Go plugin wrote them one hour before it was replaced.
func (s *server) addMeeting(user, channel, uuid string, number int) string {
	post := &model.Post{UserId: user, ChannelId: channel, Type: "custom_zoom", Message: "I have started a meeting"}
	post.CreateAt = model.GetMillis() - time.Hour.Milliseconds()
	post.AddProp("meeting_uuid", uuid)
	post.AddProp("meeting_id", number)
	post.AddProp("meeting_status", "STARTED")
	post, _ = s.CreatePost(post)
	_ = s.KVSet("post_meeting_"+uuid, []byte(post.Id))
	mapping := fmt.Sprintf(`{"channel_id":%q,"is_subscription":false,"created_by":""}`, channel)
	_ = s.KVSet(fmt.Sprint("meeting_channel_", number), []byte(mapping))
	return post.Id
}

func (s *server) prop(id, name string) any {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if post, ok := s.posts[id]; ok {
		return post.GetProp(name)
	}
	return nil
}

// forget drops recorded calls, so that the memory of the test does not grow.
func (s *server) forget() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.logs, s.ephemeral, s.events = nil, nil, nil
	clear(s.posts)
	for key := range s.values {
		if !strings.HasPrefix(key, "_jobs_") {
			delete(s.values, key)
		}
	}
}
