package main

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/openai/openai-go/v3/option"
)

// tally counts what happened.
type tally struct {
	mutex    sync.Mutex
	made     int // requests of the callers
	repeated int // requests that went out a second time
	failed   []string
	latency  map[string]int
}

// sends is the place in a context for how often one request went out.
type sends struct{}

// result is the line that the load proof reads.
type result struct {
	Made     int            `json:"made"`
	Repeated int            `json:"repeated"`
	Failed   []string       `json:"failed"`
	Latency  map[string]int `json:"latency_ms"`
}

// counting is the middleware behind the one of the key: it counts how often the request goes out.
func counting(request *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	if count, ok := request.Context().Value(sends{}).(*int); ok {
		*count++
	}
	return next(request)
}

// note counts a request of a caller: how long it took, how often it went out, and its error if it failed.
func (t *tally) note(took time.Duration, sent int, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.made++
	t.repeated += max(sent-1, 0)
	t.latency[strconv.FormatInt(took.Milliseconds(), 10)]++
	if err != nil {
		t.failed = append(t.failed, err.Error())
	}
}

func (t *tally) result() result {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return result{Made: t.made, Repeated: t.repeated, Failed: t.failed, Latency: t.latency}
}
