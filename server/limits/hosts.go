package limits

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"classsr/fault"
	"classsr/server/problem"
)

// Names are what a server is known by, as HOST:PORT or, for the usual ports, HOST.
type Names struct {
	Hosts []string // that requests may be for, besides addresses in numbers with the server's port
	Pages []string // that requests may come from, besides the host that they are for: where a proxy tells the server another one
	Port  string   // the server's
}

// Known refuses requests for other hosts: they come of names that somebody has pointed here (DNS rebinding), which addresses in numbers are not. It refuses those,
// too, that browsers say come from pages of others, except for opening the page itself. Answers are of kind problem.Forbidden; refused, if it is not nil, is told
// of each.
func (n Names) Known(next http.Handler, refused func()) http.Handler {
	hosts, pages := setOf(n.Hosts), setOf(n.Pages)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := check(hosts, pages, n.Port, r); err != nil {
			w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
			w.Header().Set("Referrer-Policy", "no-referrer")
			problem.Write(w, err)
			if refused != nil {
				refused()
			}
			return
		}
		next.ServeHTTP(w, r)
	})
}

// setOf is hosts in lower case, as a set.
func setOf(hosts []string) map[string]bool {
	set := map[string]bool{}
	for _, host := range hosts {
		set[strings.ToLower(host)] = true
	}
	return set
}

func check(hosts, pages map[string]bool, port string, r *http.Request) error {
	host := strings.ToLower(r.Host)
	if !hosts[host] && !numbers(host, port) {
		return fault.New(problem.Forbidden, "this server is not known by the name in Host: use its address in numbers, or start it with --host NAME, or NAME:PORT where the port is another one outside")
	}
	for _, origin := range r.Header.Values("Origin") {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || !pages[strings.ToLower(u.Host)] && strings.ToLower(u.Host) != host || u.User != nil || u.Path != "" {
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

// numbers tells whether a host is an IP address with this port, which is left out where it is a usual one.
func numbers(host, port string) bool {
	address, err := netip.ParseAddrPort(host)
	if err == nil {
		return strconv.Itoa(int(address.Port())) == port && strings.HasSuffix(host, ":"+port) && address.Addr().Zone() == ""
	}
	if port != "80" && port != "443" {
		return false
	}
	inside, bracketed := strings.CutPrefix(host, "[")
	if bracketed {
		if inside, bracketed = strings.CutSuffix(inside, "]"); !bracketed {
			return false
		}
	}
	alone, err := netip.ParseAddr(inside)
	return err == nil && alone.Zone() == "" && alone.Is6() == bracketed
}

// opens tells whether somebody follows a link to the page.
func opens(r *http.Request) bool {
	h := r.Header
	return r.Method == http.MethodGet && r.URL.Path == "/" && h.Get("Sec-Fetch-Mode") == "navigate" && h.Get("Sec-Fetch-Dest") == "document"
}
