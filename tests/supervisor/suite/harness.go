package suite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
	"github.com/mattermost/mattermost/server/public/shared/mlog"
)

// timeout limits the time that a condition may take on a busy machine.
const timeout = 20 * time.Second

// installed is a plugin with its own plugin folder and its own supervisor.
type installed struct {
	id          string
	executable  string
	server      *server
	environment *plugin.Environment
	supervisor  *lines
}

// lines collects the log of the supervisor.
type lines struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (l *lines) Write(chunk []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.buffer.Write(chunk)
}

func (l *lines) containing(text string) []string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	var found []string
	for _, line := range strings.Split(l.buffer.String(), "\n") {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// bundle is the folder with plugin.json, and the executable.
type bundle struct {
	manifest   string
	executable string
}

// repository is the path of the repository, relative to the folders in which the tests run.
var repository = filepath.Join("..", "..", "..")

func pluginBundle(t testing.TB) bundle {
	return bundle{filepath.Join(repository, "plugin.json"), fromEnvironment(t, "PLUGIN_EXECUTABLE")}
}

func helloBundle(t testing.TB) bundle {
	return bundle{filepath.Join(repository, "tests", "guests", "hello", "plugin.json"), fromEnvironment(t, "HELLO_EXECUTABLE")}
}

// helloEvents is the number of concurrent requests of the hello component.
func helloEvents(t testing.TB) int {
	text := os.Getenv("HELLO_EVENTS")
	if text == "" {
		// The value in its manifest.
		return 200
	}
	events, err := strconv.Atoi(text)
	check(t, err)
	return events
}

func fromEnvironment(t testing.TB, name string) string {
	path := os.Getenv(name)
	if path == "" {
		t.Fatalf("%s is not set: `cargo xtask test` builds the executables and sets it", name)
	}
	return path
}

// install unpacks a bundle as the server does after an upload, and lowers the minimum server version in the manifest to
// the version of this plugin library.
func install(t testing.TB, folder string, from bundle, settings map[string]any) *installed {
	t.Helper()
	text, err := os.ReadFile(from.manifest)
	check(t, err)
	var manifest map[string]any
	check(t, json.Unmarshal(text, &manifest))
	manifest["min_server_version"] = model.CurrentVersion
	id := manifest["id"].(string)

	executable := manifest["server"].(map[string]any)["executables"].(map[string]any)["linux-amd64"].(string)
	home := filepath.Join(folder, "plugins", id)
	target := filepath.Join(home, executable)
	copyFile(t, from.executable, target, 0o755)
	if webapp, ok := manifest["webapp"].(map[string]any); ok {
		source := filepath.Join(repository, "webapp", "dist", "main.js")
		copyFile(t, source, filepath.Join(home, webapp["bundle_path"].(string)), 0o644)
	}
	text, err = json.Marshal(manifest)
	check(t, err)
	check(t, os.WriteFile(filepath.Join(home, "plugin.json"), text, 0o644))
	check(t, os.CopyFS(filepath.Join(home, "assets"), os.DirFS(filepath.Join(repository, "assets"))))
	check(t, os.MkdirAll(filepath.Join(folder, "webapp"), 0o755))

	logger, err := mlog.NewLogger()
	check(t, err)
	collected := &lines{}
	check(t, mlog.AddWriterTarget(logger, collected, true, mlog.StdAll...))

	api := newServer(settings)
	api.bundle = home
	environment, err := plugin.NewEnvironment(
		func(*model.Manifest) plugin.API { return api },
		nil, filepath.Join(folder, "plugins"), filepath.Join(folder, "webapp"), logger, nil)
	check(t, err)
	return &installed{id: id, executable: target, server: api, environment: environment, supervisor: collected}
}

// start installs and activates a plugin, and removes it at the end of the test.
func start(t *testing.T, from bundle, settings map[string]any) *installed {
	t.Helper()
	running := install(t, t.TempDir(), from, settings)
	running.activate(t)
	t.Cleanup(func() {
		running.environment.Shutdown()
		running.waitUntilGone(t, running.processes())
		if t.Failed() {
			t.Logf("supervisor: %s", strings.Join(running.supervisor.containing(""), "\n"))
			t.Logf("plugin: %s", strings.Join(running.server.logged(), "\n"))
		}
	})
	return running
}

func (p *installed) activate(t testing.TB) {
	t.Helper()
	_, activated, err := p.environment.Activate(p.id)
	check(t, err)
	if !activated {
		t.Fatal("the supervisor did not activate the plugin")
	}
}

func (p *installed) hooks(t testing.TB) plugin.Hooks {
	t.Helper()
	hooks, err := p.environment.HooksForPlugin(p.id)
	check(t, err)
	return hooks
}

// processes returns the IDs of all live processes of this plugin's executable.
func (p *installed) processes() []int { return processesOf(p.executable) }

// processesOf finds processes by the name that they were started with. Emulators keep this name; Wine keeps only the end
// of it.
func processesOf(executable string) []int {
	entries, _ := os.ReadDir("/proc")
	var found []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		words, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		named := func(word string) bool { return strings.TrimSuffix(word, ".exe") == executable }
		if slices.ContainsFunc(strings.Split(string(words), "\x00"), named) {
			found = append(found, pid)
		}
	}
	slices.Sort(found)
	return found
}

// process returns the ID of the only process.
func (p *installed) process(t testing.TB) int {
	t.Helper()
	found := p.processes()
	if len(found) != 1 {
		t.Fatalf("expected one process of the plugin, found %v", found)
	}
	return found[0]
}

// alive reports whether a process exists and is not a zombie.
func alive(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err == nil && !bytes.Contains(status, []byte("State:\tZ"))
}

func (p *installed) waitUntilGone(t testing.TB, pids []int) {
	t.Helper()
	for _, pid := range pids {
		eventually(t, fmt.Sprintf("process %d has ended", pid), func() bool { return !alive(pid) })
	}
}

// memory returns a field of /proc/PID/status in KiB: VmRSS is the current memory, VmHWM the highest.
func memory(t testing.TB, pid int, field string) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	check(t, err)
	for _, line := range strings.Split(string(status), "\n") {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			check(t, err)
			return kib
		}
	}
	t.Fatalf("no %s of process %d", field, pid)
	return 0
}

// eventually waits until a condition is true.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(timeout); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("timeout after %s: %s", timeout, what)
		}
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func copyFile(t testing.TB, from, to string, mode os.FileMode) {
	t.Helper()
	content, err := os.ReadFile(from)
	check(t, err)
	check(t, os.MkdirAll(filepath.Dir(to), 0o755))
	check(t, os.WriteFile(to, content, mode))
}

// answer is a complete response.
type answer struct {
	status int
	header http.Header
	body   []byte
	writes int
}

// recorder is an http.ResponseWriter that also counts the writes.
type recorder struct {
	*httptest.ResponseRecorder
	writes int
}

func (r *recorder) Write(chunk []byte) (int, error) {
	r.writes++
	return r.ResponseRecorder.Write(chunk)
}

// call sends a request directly to the hook, as the user with this ID, or without a user if it is empty.
func (p *installed) call(t testing.TB, method, target, userID string, body io.Reader) answer {
	t.Helper()
	headers := map[string]string{}
	if userID != "" {
		headers["Mattermost-User-Id"] = userID
		headers["X-Requested-With"] = "XMLHttpRequest"
	}
	return p.callWith(t, method, target, headers, body)
}

// callWith is like call, with these headers.
func (p *installed) callWith(t testing.TB, method, target string, headers map[string]string, body io.Reader) answer {
	t.Helper()
	request := httptest.NewRequest(method, target, body)
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	written := &recorder{ResponseRecorder: httptest.NewRecorder()}
	p.hooks(t).ServeHTTP(&plugin.Context{RequestId: model.NewId()}, written, request)
	return answer{written.Code, written.Header(), written.Body.Bytes(), written.writes}
}

// listen serves the plugin on a real listener.
func (p *installed) listen(t testing.TB) *httptest.Server {
	t.Helper()
	hooks := p.hooks(t)
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hooks.ServeHTTP(&plugin.Context{RequestId: model.NewId()}, w, r)
	}))
	t.Cleanup(func() {
		listener.CloseClientConnections()
		listener.Close()
	})
	return listener
}

// run executes a slash command and returns the text that only the user sees: the response or an ephemeral post.
func (p *installed) run(t testing.TB, text, userID, channelID string) string {
	t.Helper()
	p.server.mutex.Lock()
	before := len(p.server.ephemeral)
	p.server.mutex.Unlock()
	response, failure := p.hooks(t).ExecuteCommand(&plugin.Context{}, &model.CommandArgs{Command: text, UserId: userID, ChannelId: channelID})
	if failure != nil {
		t.Fatalf("%s failed: %v", text, failure)
	}
	if response == nil {
		t.Fatalf("%s: no response, which the server treats as an unknown command", text)
	}
	if response.Text != "" {
		if response.ResponseType != model.CommandResponseTypeEphemeral {
			t.Errorf("%s: the response is not only for the user", text)
		}
		return response.Text
	}
	p.server.mutex.Lock()
	defer p.server.mutex.Unlock()
	var shown []string
	for _, post := range p.server.ephemeral[before:] {
		shown = append(shown, post.Message)
	}
	return strings.Join(shown, "\n")
}
