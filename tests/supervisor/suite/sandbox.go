package suite

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

func anotherComponentRuns(t *testing.T) {
	p := start(t, helloBundle(t), nil)
	for visit := 1; visit <= 3; visit++ {
		got := p.call(t, http.MethodGet, "/", "", nil)
		if expected := fmt.Sprintf("hello, visit %d", visit); string(got.body) != expected {
			t.Errorf("expected %q, got %d %q", expected, got.status, got.body)
		}
	}
	user, channel := p.server.addUserInChannel("ada")
	if text := p.run(t, "/hello you", user, channel); !strings.Contains(text, "/hello you") {
		t.Errorf("the command returns %q", text)
	}
	if got := p.call(t, http.MethodGet, "/log", "", nil); got.status != http.StatusOK {
		t.Errorf("/log: %d", got.status)
	}
	for _, level := range []string{"debug", "info", "warn", "error"} {
		eventually(t, "a line with level "+level+" is logged", func() bool {
			for _, line := range p.server.logged() {
				if strings.HasPrefix(line, level+" hello from the component") && strings.Contains(line, "green") {
					return true
				}
			}
			return false
		})
	}
	inParallel(t, 8, 8, func(int) error {
		if got := p.call(t, http.MethodGet, "/", "", nil); got.status != http.StatusOK {
			return fmt.Errorf("%d %s", got.status, got.body)
		}
		return nil
	})
	got := p.call(t, http.MethodGet, "/", "", nil)
	if string(got.body) != "hello, visit 12" {
		t.Errorf("a visit was lost: %s", got.body)
	}
}

// reservesMemory checks the address space: the host reserves four GiB for each concurrent event at the start.
func reservesMemory(t *testing.T) {
	if network() != "unix" {
		return // On other systems, each event allocates its own memory.
	}
	const each = 4 << 20
	wanted := helloEvents(t) * each
	var limit syscall.Rlimit
	check(t, syscall.Getrlimit(syscall.RLIMIT_AS, &limit))
	if limit.Cur/1024 < uint64(wanted) {
		t.Logf("skipped: the address space is limited to %d KiB", limit.Cur/1024)
		return
	}
	p := start(t, helloBundle(t), nil)
	if taken := memory(t, p.process(t), "VmSize"); taken < wanted {
		t.Errorf("%d KiB of address space are not enough for %d events", taken, helloEvents(t))
	}
	if got := p.call(t, http.MethodGet, "/", "", nil); got.status != http.StatusOK {
		t.Errorf("an event: %d %s", got.status, got.body)
	}
}

func failuresAreIsolated(t *testing.T) {
	p := start(t, helloBundle(t), nil)
	pid := p.process(t)
	for _, path := range []string{"/trap", "/loop", "/memory"} {
		began := time.Now()
		got := p.call(t, http.MethodGet, path, "", nil)
		if got.status != http.StatusInternalServerError {
			t.Errorf("%s: expected 500, got %d %s", path, got.status, got.body)
		}
		// The manifest allows two seconds; the rest is for a busy machine.
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s took %s", path, took)
		}
		began = time.Now()
		if next := p.call(t, http.MethodGet, "/", "", nil); next.status != http.StatusOK {
			t.Errorf("after %s: %d %s", path, next.status, next.body)
		}
		// Only log the time: the machine may be busy.
		t.Logf("after %s the next request took %s", path, time.Since(began).Round(time.Microsecond))
		if p.process(t) != pid {
			t.Fatalf("%s ended the process", path)
		}
	}
	eventually(t, "the trap is logged with the guest's own backtrace", func() bool {
		return strings.Contains(strings.Join(p.server.logged(), "\n"), "misbehave")
	})
}

func policyIsEnforced(t *testing.T) {
	p := start(t, helloBundle(t), nil)
	user, channel := p.server.addUserInChannel("ada")
	for _, example := range []struct {
		path, user string
		status     int
	}{
		{"/fetch?url=https%3A%2F%2Fexample.com%2F", "", http.StatusForbidden},
		{"/fetch?url=http%3A%2F%2F127.0.0.1%2F", "", http.StatusForbidden},
		{"/as-user?channel=" + channel, "", http.StatusForbidden},
		{"/as-user?channel=" + channel, user, http.StatusCreated},
	} {
		got := p.call(t, http.MethodGet, example.path, example.user, nil)
		if got.status != example.status {
			t.Errorf("%s as %q: expected %d, got %d %s", example.path, example.user, example.status, got.status, got.body)
		}
		if example.status == http.StatusCreated && !strings.HasSuffix(string(got.body), user) {
			t.Errorf("the post is not by the acting user: %s", got.body)
		}
	}
	got := p.call(t, http.MethodGet, "/kv-host-key", "", nil)
	if got.status < 400 || got.status >= 500 {
		t.Errorf("a key of the host: got %d %s", got.status, got.body)
	}
	if stored, _ := p.server.KVGet("_mine"); stored != nil {
		t.Error("a key of the host was written")
	}
}
