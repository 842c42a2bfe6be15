package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// waitMeter measures how long at least one request is in progress.
type waitMeter struct {
	servers []*httptest.Server
	mu      sync.Mutex
	open    int
	since   time.Time
	over    []interval
}

// An interval is a time in which at least one request was in progress.
type interval struct{ from, to time.Time }

// startProxy starts a proxy to a URL and returns its own URL.
func (w *waitMeter) startProxy(to string) (string, error) {
	target, err := url.Parse(to)
	if err != nil {
		return "", err
	}
	next := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(target)
		p.Out.Host = p.In.Host
	}}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		w.changeOpen(1)
		defer w.changeOpen(-1)
		next.ServeHTTP(rw, req)
	}))
	w.servers = append(w.servers, server)
	return server.URL, nil
}

// changeOpen changes the number of requests in progress by n.
func (w *waitMeter) changeOpen(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open == 0 {
		w.since = time.Now()
	}
	if w.open += n; w.open == 0 {
		w.over = append(w.over, interval{w.since, time.Now()})
	}
}

// takeWaited returns the waiting time until a moment, and resets the meter.
func (w *waitMeter) takeWaited(until time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	var total time.Duration
	for _, o := range w.over {
		if o.to.After(until) {
			o.to = until
		}
		total += max(0, o.to.Sub(o.from))
	}
	w.over = nil
	return total
}

func (w *waitMeter) closeProxies() {
	for _, s := range w.servers {
		s.Close()
	}
}
