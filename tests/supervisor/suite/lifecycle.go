package suite

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
)

// childFolder is set for a second copy of the test program, which is a supervisor that the test kills.
const childFolder = "SUPERVISOR_CHILD_FOLDER"

func activates(t *testing.T) {
	p := start(t, pluginBundle(t), settings())
	p.process(t)
	command := p.server.command("zoom")
	if command == nil {
		t.Fatal("the command is not registered")
	}
	if command.AutocompleteData == nil || len(command.AutocompleteData.SubCommands) == 0 {
		t.Error("the command has no autocompletion")
	}
	bot, failure := p.server.GetUserByUsername("zoom")
	if failure != nil || !bot.IsBot {
		t.Fatal("there is no bot account")
	}
	if len(p.server.images[bot.Id]) == 0 {
		t.Error("the bot has no picture")
	}
	if found := p.supervisor.containing(`"level":"error"`); len(found) > 0 {
		t.Errorf("the supervisor logged errors: %s", found)
	}
}

func unimplementedHooksAreSkipped(t *testing.T) {
	p := start(t, pluginBundle(t), settings())
	post := &model.Post{Id: model.NewId(), Message: "hello"}
	replaced, reason := p.hooks(t).MessageWillBePosted(&plugin.Context{}, post)
	if reason != "" || (replaced != nil && replaced.Message != "hello") {
		t.Errorf("got %v, %q", replaced, reason)
	}
	p.hooks(t).MessageHasBeenPosted(&plugin.Context{}, post)
	if found := p.supervisor.containing(`"level":"error"`); len(found) > 0 {
		t.Errorf("the supervisor logged errors: %s", found)
	}
}

func passesHealthChecks(t *testing.T) {
	p := start(t, pluginBundle(t), settings())
	for range 100 {
		check(t, p.environment.PerformHealthCheck(p.id))
	}
}

func restarts(t *testing.T) {
	p := start(t, pluginBundle(t), settings())
	first := p.process(t)
	check(t, p.environment.RestartPlugin(p.id))
	p.waitUntilGone(t, []int{first})
	if second := p.process(t); second == first {
		t.Errorf("process %d is still the same", second)
	}
	check(t, p.environment.PerformHealthCheck(p.id))
}

func deactivatesAtOnce(t *testing.T) {
	sockets := socketFolder(t)
	p := start(t, pluginBundle(t), settings())
	pid := p.process(t)
	// The socket of this process may be removed already. Look at the socket of another process, which is killed.
	others := socketFolder(t)
	if socket := announced(t); network() == "unix" && !strings.HasPrefix(socket, others) {
		t.Errorf("the socket %s is not in PLUGIN_UNIX_SOCKET_DIR", socket)
	}

	began := time.Now()
	if !p.environment.Deactivate(p.id) {
		t.Fatal("the supervisor had no active plugin")
	}
	took := time.Since(began)
	t.Logf("deactivation took %s", took.Round(time.Microsecond))
	// The supervisor kills the process after two seconds. A shorter time means that the process exited by itself.
	if took > 1500*time.Millisecond {
		t.Errorf("deactivation took %s", took)
	}
	p.waitUntilGone(t, []int{pid})
	if found := p.processes(); len(found) > 0 {
		t.Errorf("processes are left: %v", found)
	}
	if entries, _ := os.ReadDir(sockets); len(entries) > 0 {
		t.Errorf("%s is left", entries[0].Name())
	}
	if found := p.supervisor.containing("gracefully"); len(found) > 0 {
		t.Errorf("the supervisor killed the process: %s", found)
	}
	p.activate(t)
	check(t, p.environment.PerformHealthCheck(p.id))
}

// socketFolder creates a folder with a short name and sets PLUGIN_UNIX_SOCKET_DIR.
func socketFolder(t *testing.T) string {
	folder, err := os.MkdirTemp("", "s")
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(folder) })
	t.Setenv("PLUGIN_UNIX_SOCKET_DIR", folder)
	return folder
}

// network is the network that the executable listens on: unix, or tcp on systems without Unix sockets.
func network() string {
	if name := os.Getenv("PLUGIN_NETWORK"); name != "" {
		return name
	}
	return "unix"
}

// announced starts the executable as a supervisor does and returns the address that it announces.
func announced(t *testing.T) string {
	command := exec.Command(fromEnvironment(t, "PLUGIN_EXECUTABLE"))
	command.Env = append(os.Environ(),
		"MATTERMOST_PLUGIN=Securely message teams, anywhere.", "PLUGIN_PROTOCOL_VERSIONS=1")
	output, err := command.StdoutPipe()
	check(t, err)
	check(t, command.Start())
	defer func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	}()
	line, err := bufio.NewReader(output).ReadString('\n')
	check(t, err)
	fields := strings.Split(line, "|")
	if len(fields) < 4 || fields[2] != network() {
		t.Fatalf("not a handshake on %s: %q", network(), line)
	}
	there, err := net.Dial(network(), fields[3])
	if err != nil {
		t.Fatal(err)
	}
	there.Close()
	return fields[3]
}

// superviseUntilKilled is the main function of the second copy.
func superviseUntilKilled(folder string) {
	t := &loudTB{}
	p := install(t, folder, pluginBundle(t), settings())
	p.activate(t)
	fmt.Printf("PROCESS %d\n", p.process(t))
	select {}
}

// loudTB is a testing.TB for helpers that run outside a test.
type loudTB struct{ testing.TB }

func (*loudTB) Helper() {}

func (*loudTB) Fatal(values ...any) {
	fmt.Fprintln(os.Stderr, values...)
	os.Exit(1)
}

func (t *loudTB) Fatalf(format string, values ...any) { t.Fatal(fmt.Sprintf(format, values...)) }

func exitsWhenTheSupervisorIsKilled(t *testing.T) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childFolder+"="+t.TempDir())
	child.Stderr = os.Stderr
	output, err := child.StdoutPipe()
	check(t, err)
	check(t, child.Start())
	pid := 0
	for scanner := bufio.NewScanner(output); pid == 0 && scanner.Scan(); {
		if text, ok := strings.CutPrefix(scanner.Text(), "PROCESS "); ok {
			pid, err = strconv.Atoi(text)
			check(t, err)
		}
	}
	if pid == 0 {
		_ = child.Process.Kill()
		_ = child.Wait()
		t.Fatal("the second supervisor did not activate the plugin")
	}
	t.Cleanup(func() {
		if process, err := os.FindProcess(pid); err == nil && alive(pid) {
			_ = process.Kill()
		}
	})
	if !alive(pid) {
		t.Error("the plugin ended before its supervisor did")
	}
	check(t, child.Process.Kill())
	_ = child.Wait()
	eventually(t, "the orphan has ended", func() bool { return !alive(pid) })
}

func explainsItself(t *testing.T) {
	executable, err := filepath.Abs(pluginBundle(t).executable)
	check(t, err)
	command := exec.Command(executable)
	command.Env = []string{}
	output, err := command.CombinedOutput()
	if err == nil || command.ProcessState.ExitCode() != 1 {
		t.Errorf("expected exit status 1, got %v", err)
	}
	if !strings.Contains(strings.ToLower(string(output)), "plugin") {
		t.Errorf("the explanation is missing: %q", output)
	}
	command = exec.Command(executable, "--describe")
	output, err = command.Output()
	check(t, err)
	for _, expected := range []string{"mattermost:plugin/kv", "https://zoom.us", "packages inside, with", "\n  wasmtime "} {
		if !strings.Contains(string(output), expected) {
			t.Errorf("--describe does not mention %s: %s", expected, output)
		}
	}
}

func staysConnectedWhileIdle(t *testing.T) {
	p := start(t, pluginBundle(t), settings())
	pid := p.process(t)
	// This is the only wait for a duration: the supervisor sends a keepalive every 30 seconds, and the only sign of the
	// reply is that the connection is still open 10 seconds later.
	time.Sleep(42 * time.Second)
	check(t, p.environment.PerformHealthCheck(p.id))
	if p.process(t) != pid {
		t.Error("the process was restarted")
	}
	if found := p.supervisor.containing("keepalive"); len(found) > 0 {
		t.Errorf("the supervisor logged errors: %s", found)
	}
}
