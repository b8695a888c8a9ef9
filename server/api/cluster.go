package api

import (
	"io"
	"net/http"
	"strings"

	"classsr/server/limits"
)

// ClusterRoute answers requests about the machines of a cluster, most of which are workers'. They are not part of the described API.
type ClusterRoute struct {
	Pattern string // for a http.ServeMux
	Scope   string // that the token must have
	Body    int64  // bytes that a request may have
	Handle  func(w http.ResponseWriter, r *http.Request, owner string) error
}

// workerSpeed is how many bytes a second workers must send and take at least: they are ours, and may be behind a bad connection.
const workerSpeed = 1000

// cluster registers the routes of a cluster.
func (a *api) cluster() {
	a.scopes = map[string]string{}
	for _, route := range a.Cluster {
		a.scopes[route.Pattern] = route.Scope
		limit := a.Limits
		limit.MaxUpload, limit.Speed = route.Body, workerSpeed
		a.mux.HandleFunc(route.Pattern, func(w http.ResponseWriter, r *http.Request) {
			x := of(r.Context())
			r.Body = io.NopCloser(limits.Body(w, r, limit))
			if err := route.Handle(w, r, x.token.Name); err != nil {
				a.refuse(x, err)
			}
		})
	}
}

// clusterScope is the scope that a request about a cluster needs; others are not known.
func (a *api) clusterScope(r *http.Request) (scope string, known bool) {
	if len(a.scopes) == 0 || !strings.HasPrefix(r.URL.Path, "/v1/cluster") {
		return "", false
	}
	_, pattern := a.mux.Handler(r)
	scope, known = a.scopes[pattern]
	return scope, known
}
