package limits

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"classsr/fault"
	"classsr/server/problem"
)

// Hosts refuses requests that are not for one of these hosts, as HOST:PORT or, for the usual ports, HOST: they come of names that somebody has
// pointed here (DNS rebinding). It refuses those, too, that browsers say come from pages of others, except for opening the page itself. Answers
// are of kind problem.Forbidden; refused, if it is not nil, is told of each.
func Hosts(allowed []string, next http.Handler, refused func()) http.Handler {
	hosts := map[string]bool{}
	for _, host := range allowed {
		hosts[strings.ToLower(host)] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := check(hosts, r); err != nil {
			problem.Write(w, err)
			if refused != nil {
				refused()
			}
			return
		}
		next.ServeHTTP(w, r)
	})
}

func check(hosts map[string]bool, r *http.Request) error {
	if !hosts[strings.ToLower(r.Host)] {
		return fault.New(problem.Forbidden, "this server is not known by the name in Host: use its address, or name it by --host when it is started")
	}
	for _, origin := range r.Header.Values("Origin") {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || !hosts[strings.ToLower(u.Host)] || u.User != nil || u.Path != "" {
			return fault.New(problem.Forbidden, "the request comes from a page of another server")
		}
	}
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		if !slices.Contains([]string{"same-origin", "none"}, site) && !opens(r) {
			return fault.New(problem.Forbidden, "the request comes from a page of another server")
		}
	}
	return nil
}

// opens tells whether somebody follows a link to the page.
func opens(r *http.Request) bool {
	h := r.Header
	return r.Method == http.MethodGet && r.URL.Path == "/" && h.Get("Sec-Fetch-Mode") == "navigate" && h.Get("Sec-Fetch-Dest") == "document"
}
