package main

import (
	"io"
	"net/http"
	"strconv"

	"github.com/mattermost/mattermost/server/public/plugin"
)

const (
	// bodyLimit is the largest body that is read, in bytes.
	bodyLimit = 1 << 20
	// valueKey is the key of the benchmark's value.
	valueKey = "value"
)

// ServeHTTP answers a request.
func (b *baseline) ServeHTTP(_ *plugin.Context, w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "POST /webhook":
		b.webhook(w, r, b.work)
	case "POST /once":
		b.webhook(w, r, b.markSeen)
	case "PUT /value":
		b.storeValue(w, r)
	case "GET /kv-reads":
		b.readValues(w, r)
	case "GET /header":
		name := r.Header.Get("X-Name")
		w.Header().Set("X-Name", name)
		plain(w, http.StatusOK, name)
	case "GET /trap":
		panic("trapping, as asked")
	default:
		plain(w, http.StatusNotFound, "There is nothing here.")
	}
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	// If the client has closed the connection, nothing is left to do.
	_, _ = io.WriteString(w, text)
}

func (b *baseline) storeValue(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		plain(w, http.StatusBadRequest, err.Error())
		return
	}
	if err := b.API.KVSet(valueKey, body); err != nil {
		plain(w, http.StatusBadGateway, err.Error())
		return
	}
	plain(w, http.StatusOK, "stored")
}

func (b *baseline) readValues(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.URL.Query().Get("n"))
	total := 0
	for range n {
		value, err := b.API.KVGet(valueKey)
		if err != nil {
			plain(w, http.StatusBadGateway, err.Error())
			return
		}
		total += len(value)
	}
	plain(w, http.StatusOK, strconv.Itoa(total))
}
