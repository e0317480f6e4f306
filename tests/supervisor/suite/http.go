package suite

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// random returns pseudorandom bytes. The same seed returns the same bytes.
func random(seed int64, length int) []byte {
	content := make([]byte, length)
	_, _ = rand.New(rand.NewSource(seed)).Read(content)
	return content
}

// inParallel runs count tasks, at most width at a time, and reports their errors.
func inParallel(t *testing.T, count, width int, task func(n int) error) {
	t.Helper()
	var waiting sync.WaitGroup
	slots := make(chan struct{}, width)
	for n := range count {
		slots <- struct{}{}
		waiting.Add(1)
		go func() {
			defer func() { <-slots; waiting.Done() }()
			if err := task(n); err != nil {
				t.Errorf("request %d: %v", n, err)
			}
		}()
	}
	waiting.Wait()
}

func post(client *http.Client, url string, body []byte) (answer, error) {
	response, err := client.Post(url, "application/octet-stream", bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return answer{status: response.StatusCode, header: response.Header, body: content}, err
}

func echoes(client *http.Client, url string, body []byte) error {
	got, err := post(client, url+"/echo", body)
	if err != nil {
		return err
	}
	if got.status != http.StatusOK || !bytes.Equal(got.body, body) {
		return fmt.Errorf("sent %d bytes, got status %d and %d bytes that differ", len(body), got.status, len(got.body))
	}
	return nil
}

func manyConnections(t *testing.T) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 200}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func echoesManyLargeBodies(t *testing.T) {
	p := start(t, helloBundle(t), nil)
	listener, client := p.listen(t), manyConnections(t)
	inParallel(t, 64, min(64, helloEvents(t)), func(n int) error {
		return echoes(client, listener.URL, random(int64(n), 900_000))
	})
	if found := p.supervisor.containing(`"level":"error"`); len(found) > 0 {
		t.Errorf("the supervisor logged errors: %s", found)
	}
}

func answersAThousandRequests(t *testing.T) {
	p := start(t, helloBundle(t), nil)
	listener, client := p.listen(t), manyConnections(t)
	inParallel(t, 1000, 200, func(n int) error {
		length := (n * 7919) % (mebibyte + 1)
		if n%50 == 0 {
			length = mebibyte
		}
		return echoes(client, listener.URL, random(int64(n), length))
	})
	t.Logf("highest memory: %d KiB", memory(t, p.process(t), "VmHWM"))
}

func answersOrRejects(t *testing.T) {
	p := start(t, pluginBundle(t), settings())
	listener, client := p.listen(t), manyConnections(t)
	var mutex sync.Mutex
	seen := map[int]int{}
	inParallel(t, 1000, 200, func(n int) error {
		got, err := post(client, listener.URL+"/no/such/path", random(int64(n), mebibyte))
		if err != nil {
			return err
		}
		mutex.Lock()
		seen[got.status]++
		mutex.Unlock()
		switch {
		case got.status == http.StatusNotFound:
			return nil
		case got.status == http.StatusServiceUnavailable && got.header.Get("Retry-After") != "":
			return nil
		}
		return fmt.Errorf("status %d, Retry-After %q: %s", got.status, got.header.Get("Retry-After"), got.body)
	})
	if seen[http.StatusNotFound] == 0 {
		t.Error("no request was answered")
	}
	highest := memory(t, p.process(t), "VmHWM")
	t.Logf("statuses %v, highest memory %d KiB", seen, highest)
	// 200 bodies of one mebibyte, and 64 events of a few mebibytes each.
	if highest > 600*1024 {
		t.Errorf("the process used %d KiB", highest)
	}
	if got := p.call(t, http.MethodGet, "/no/such/path", "", nil); got.status != http.StatusNotFound {
		t.Errorf("after the requests: %d", got.status)
	}
}

// survivesRequestsWithoutBodies sends more concurrent requests than a plugin accepts by default. Each one announces a
// small body and does not send it.
func survivesRequestsWithoutBodies(t *testing.T) {
	const requests = 1500
	p := start(t, pluginBundle(t), settings())
	address := strings.TrimPrefix(p.listen(t).URL, "http://")
	var connections []*net.TCPConn
	for range requests {
		dialed, err := net.Dial("tcp", address)
		check(t, err)
		defer dialed.Close()
		connection := dialed.(*net.TCPConn)
		_, err = fmt.Fprint(connection, "POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
		check(t, err)
		connections = append(connections, connection)
	}
	for _, user := range []string{"", "someone"} {
		if got := p.call(t, http.MethodGet, "/no/such/path", user, nil); got.status != http.StatusNotFound {
			t.Errorf("meanwhile the response to %q is %d", user, got.status)
		}
	}
	// The server sends no response before the end of the body.
	for _, connection := range connections {
		check(t, connection.CloseWrite())
	}
	seen := map[int]int{}
	for _, connection := range connections {
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		check(t, err)
		seen[response.StatusCode]++
	}
	answered := seen[http.StatusRequestTimeout] + seen[http.StatusBadRequest] + seen[http.StatusServiceUnavailable]
	if answered != requests {
		t.Errorf("the responses are %v", seen)
	}
}

func deliversParts(t *testing.T) {
	p := start(t, helloBundle(t), nil)
	got := p.call(t, http.MethodGet, "/pieces", "", nil)
	if got.status != http.StatusOK || len(got.body) != 1_000_003 {
		t.Fatalf("status %d, %d bytes", got.status, len(got.body))
	}
	for at, octet := range got.body {
		if octet != byte(at) {
			t.Fatalf("byte %d is %d", at, octet)
		}
	}
	if got.writes < 2 {
		t.Errorf("there was only %d write", got.writes)
	}
}

func survivesDisconnects(t *testing.T) {
	p := start(t, helloBundle(t), nil)
	pid := p.process(t)
	listener := p.listen(t)
	address := strings.TrimPrefix(listener.URL, "http://")
	for n := range 40 {
		connection, err := net.Dial("tcp", address)
		check(t, err)
		if n%2 == 0 {
			// Disconnect in the middle of the body.
			_, err = fmt.Fprintf(connection, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n%s", strings.Repeat("x", 1000*n))
		} else {
			// Disconnect before reading the response.
			_, err = fmt.Fprint(connection, "GET /pieces HTTP/1.1\r\nHost: x\r\n\r\n")
		}
		check(t, err)
		check(t, connection.Close())
	}
	check(t, echoes(http.DefaultClient, listener.URL, random(1, 500_000)))
	if p.process(t) != pid {
		t.Error("the process was restarted")
	}
	check(t, p.environment.PerformHealthCheck(p.id))
}

func servesLatin1Headers(t *testing.T) {
	p := start(t, helloBundle(t), nil)
	request, err := http.NewRequest(http.MethodGet, p.listen(t).URL+"/header", nil)
	check(t, err)
	request.Header.Set("X-Name", "Andr\xe9")
	response, err := http.DefaultClient.Do(request)
	check(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	check(t, err)
	if response.StatusCode != http.StatusOK || !strings.HasPrefix(string(body), "Andr") {
		t.Errorf("status %d, body %q", response.StatusCode, body)
	}
}
