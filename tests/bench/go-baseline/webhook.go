package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
)

const (
	// window is the largest accepted difference between a delivery's timestamp and this server's clock.
	window = 5 * time.Minute
	// seen is the lifetime of a delivery's record in seconds, longer than Zoom repeats a delivery.
	seen = 7 * 24 * 3600
)

// event has the fields of a delivery that are used.
type event struct {
	Event   string `json:"event"`
	Payload struct {
		Object struct {
			ID        json.RawMessage `json:"id"`
			UUID      string          `json:"uuid"`
			Topic     string          `json:"topic"`
			StartTime string          `json:"start_time"`
			EndTime   string          `json:"end_time"`
		} `json:"object"`
	} `json:"payload"`
}

// mapping is the record of a meeting ID.
type mapping struct {
	ChannelID      string            `json:"channel_id"`
	IsSubscription bool              `json:"is_subscription"`
	CreatedBy      string            `json:"created_by"`
	Posts          []json.RawMessage `json:"posts"`
}

// webhook verifies a delivery, processes it, and responds.
func (b *baseline) webhook(w http.ResponseWriter, r *http.Request, work func(*event) error) {
	settings := b.settings.Load()
	if settings == nil || settings.WebhookSecret == "" || settings.ZoomWebhookSecret == "" {
		plain(w, http.StatusNotImplemented, "The plugin is not configured.")
		return
	}
	given := r.URL.Query().Get("secret")
	if subtle.ConstantTimeCompare([]byte(given), []byte(settings.WebhookSecret)) != 1 {
		plain(w, http.StatusUnauthorized, "Not authorized.")
		return
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		plain(w, http.StatusBadRequest, "JSON is expected.")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		plain(w, http.StatusRequestEntityTooLarge, "The body is too large.")
		return
	}
	timestamp, signature := r.Header.Get("X-Zm-Request-Timestamp"), r.Header.Get("X-Zm-Signature")
	if err := verify([]byte(settings.ZoomWebhookSecret), timestamp, signature, body, time.Now()); err != nil {
		b.API.LogWarn("A webhook without a good signature was refused.", "reason", err.Error())
		plain(w, http.StatusUnauthorized, "Not authorized.")
		return
	}
	delivered := new(event)
	if err := json.Unmarshal(body, delivered); err != nil || delivered.Payload.Object.UUID == "" {
		plain(w, http.StatusBadRequest, "This is no delivery.")
		return
	}
	if err := work(delivered); err != nil {
		b.API.LogWarn("A webhook could not be worked on.", "error", err.Error())
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	// The status is 200 by default. Writing it would take two more calls to the server.
}

// verify returns whether Zoom signed this body recently.
func verify(key []byte, timestamp, signature string, body []byte, now time.Time) error {
	seconds, err := strconv.ParseUint(timestamp, 10, 62)
	if err != nil {
		return errors.New("the timestamp is missing or not a number")
	}
	if off := now.Unix() - int64(seconds); off > int64(window.Seconds()) || off < -int64(window.Seconds()) {
		return errors.New("the timestamp is more than five minutes from now")
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("v0:" + timestamp + ":"))
	mac.Write(body)
	expected := "v0=" + hex.EncodeToString(mac.Sum(nil))
	if subtle.ConstantTimeCompare([]byte(expected), []byte(signature)) != 1 {
		return errors.New("the signature does not match")
	}
	return nil
}

// work makes the calls that the sandboxed plugin makes for the end of a meeting without a post.
func (b *baseline) work(delivered *event) error {
	object := &delivered.Payload.Object
	if _, err := b.API.KVGet("post_meeting_" + url.PathEscape(object.UUID)); err != nil {
		return err
	}
	stored, err := b.API.KVGet("meeting_channel_" + number(object.ID))
	if err != nil {
		return err
	}
	followed := new(mapping)
	if stored == nil || json.Unmarshal(stored, followed) != nil || !followed.IsSubscription {
		return nil
	}
	return b.markSeen(delivered)
}

// number parses an ID that is a string or a number.
func number(id json.RawMessage) string {
	var text string
	if json.Unmarshal(id, &text) == nil {
		return text
	}
	return string(id)
}

// markSeen marks a delivery as done. If two calls for a delivery run at the same time, one of them sets the mark.
func (b *baseline) markSeen(delivered *event) error {
	sum := sha256.Sum256([]byte(delivered.Payload.Object.UUID))
	key := "webhook_seen_" + delivered.Event + "_" + hex.EncodeToString(sum[:16])
	options := model.PluginKVSetOptions{Atomic: true, ExpireInSeconds: seen}
	// An error here is an *AppError, whose nil must not become an error.
	if _, err := b.API.KVSetWithOptions(key, []byte("1"), options); err != nil {
		return err
	}
	return nil
}
