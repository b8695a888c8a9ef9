package server

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"classsr/fault"
	"classsr/server/limits"
)

// checkHosts refuses names that no request can have: URLs, for instance.
func (c Config) checkHosts() error {
	for _, host := range c.Hosts {
		name, port := splitHost(host)
		u, err := url.Parse("http://" + host + "/")
		if err != nil || u.Host != host || u.User != nil || u.Hostname() == "" || name == "" || u.Port() != port || strings.HasSuffix(host, ":") || strings.Contains(name, "*") {
			return fault.New(fault.Usage, "--host %q is no name of a server: give NAME or NAME:PORT, as studio.local", host)
		}
	}
	return nil
}

// splitHost splits NAME:PORT; port is "" if there is none.
func splitHost(host string) (name, port string) {
	if name, port, err := net.SplitHostPort(host); err == nil {
		return name, port
	}
	return strings.Trim(host, "[]"), ""
}

// names are the names of Hosts, without ports.
func (c Config) names() (names []string) {
	for _, host := range c.Hosts {
		name, _ := splitHost(host)
		names = append(names, name)
	}
	return names
}

// knownAs is what the server is known by at an address. The names in its certificate are its own, too, but not its alone: others may have the same certificate, and
// their pages are not the server's.
func (s *server) knownAs(address string) limits.Names {
	_, own, err := net.SplitHostPort(address)
	if err != nil {
		return limits.Names{Hosts: []string{address}}
	}
	var hosts []string
	add := func(name, port string) {
		hosts = append(hosts, net.JoinHostPort(name, port))
		if port == "80" || port == "443" { // which browsers leave out
			hosts = append(hosts, strings.TrimSuffix(net.JoinHostPort(name, port), ":"+port))
		}
	}
	add("localhost", own)
	for _, host := range s.Hosts {
		name, outside := splitHost(host)
		add(name, own)
		if outside != "" {
			add(name, outside)
		}
		if s.PlainHTTP { // a proxy has the usual ports
			add(name, "443")
		}
	}
	pages := slices.Clone(hosts)
	for _, name := range s.certified {
		add(name, own)
	}
	return limits.Names{Hosts: hosts, Pages: pages, Port: own}
}

// urls are where the page is. An address that stands for all of this machine's is none that can be opened.
func (s *server) urls(scheme, address string) (urls []string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || !net.ParseIP(host).IsUnspecified() {
		return []string{scheme + "://" + address + "/"}
	}
	for _, name := range append([]string{"127.0.0.1"}, s.names()...) {
		urls = append(urls, scheme+"://"+net.JoinHostPort(name, port)+"/")
	}
	return urls
}
