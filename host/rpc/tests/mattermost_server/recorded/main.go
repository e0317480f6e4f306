// Writes serve_http_version_10.hex: a ServeHTTP call in the form of servers of version 10, whose request
// is the whole http.Request. Standard library only: go run main.go > serve_http_version_10.hex
package main

import (
	"bytes"
	"encoding/gob"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
)

type Request struct {
	ServiceMethod string
	Seq           uint64
}
type Context struct{ SessionId, RequestId, IPAddress, AcceptLanguage, UserAgent string }
type Z_ServeHTTPArgs struct {
	ResponseWriterStream uint32
	Request              *http.Request
	Context              *Context
	RequestBodyStream    uint32
}

func main() {
	var b bytes.Buffer
	e := gob.NewEncoder(&b)
	u, _ := url.Parse("/webhook?secret=abc&x=1")
	for _, v := range []any{Request{"Plugin.ServeHTTP", 3}, Z_ServeHTTPArgs{3, &http.Request{
		Method: "POST", URL: u, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:     http.Header{"Content-Type": {"application/json"}, "X-Latin": {"caf\xe9"}},
		Host:       "mm.example.test",
		RemoteAddr: "192.0.2.7:5555", RequestURI: "/plugins/zoom/webhook?x=1&secret=abc",
	}, &Context{RequestId: "rrrr", UserAgent: "ua/1"}, 4}} {
		if err := e.Encode(v); err != nil {
			panic(err)
		}
	}
	h := hex.EncodeToString(b.Bytes())
	for i := 0; i < len(h); i += 64 {
		fmt.Println(h[i:min(i+64, len(h))])
	}
}
