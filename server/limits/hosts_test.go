package limits

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"classsr/server/problem"
)

func TestHosts(t *testing.T) {
	handler := Names{
		Hosts: []string{"127.0.0.1:8080", "localhost:8080", "[::1]:8080", "Studio.local", "certified.local:8080"}, Pages: []string{"localhost:8080", "Studio.local"}, Port: "8080",
	}.Known(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil)
	navigate := [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "document"}}
	for _, c := range []struct {
		method, path, host string
		headers            [][2]string
		want               int
	}{
		{"GET", "/", "127.0.0.1:8080", nil, 200},
		{"POST", "/v1/jobs", "LOCALHOST:8080", nil, 200},
		{"GET", "/", "[::1]:8080", nil, 200},
		{"GET", "/", "studio.local", nil, 200},
		{"GET", "/", "192.168.1.5:8080", nil, 200}, // in numbers: no name that somebody could point here
		{"GET", "/", "[2001:db8::5]:8080", nil, 200},
		{"POST", "/", "192.168.1.5:8080", [][2]string{{"Origin", "https://192.168.1.5:8080"}}, 200},
		{"POST", "/", "192.168.1.5:8080", [][2]string{{"Origin", "https://192.168.1.6:8080"}}, 403},
		{"POST", "/", "localhost:8080", [][2]string{{"Origin", "http://192.168.1.5:8080"}}, 403},
		{"GET", "/", "192.168.1.5:8081", nil, 403},
		{"GET", "/", "192.168.1.5", nil, 403},
		{"GET", "/", "192.168.1.5:08080", nil, 403},
		{"GET", "/", "0x7f.1:8080", nil, 403},
		{"GET", "/", "[fe80::1%eth0]:8080", nil, 403},
		{"GET", "/", "192.168.1.5.evil.example:8080", nil, 403},
		{"GET", "/", "", nil, 403},
		{"GET", "/", "localhost", nil, 403},
		{"GET", "/", "localhost:8081", nil, 403},
		{"GET", "/", "localhost.:8080", nil, 403},
		{"GET", "/", "evil.example:8080", nil, 403},
		{"GET", "/", "localhost:8080@evil.example", nil, 403},
		{"POST", "/", "localhost:8080", [][2]string{{"Origin", "http://localhost:8080"}, {"Sec-Fetch-Site", "same-origin"}}, 200},
		{"POST", "/", "localhost:8080", [][2]string{{"Origin", "https://Studio.local"}}, 200},
		{"POST", "/", "certified.local:8080", [][2]string{{"Origin", "https://certified.local:8080"}}, 200},
		{"POST", "/", "localhost:8080", [][2]string{{"Origin", "https://certified.local:8080"}}, 403}, // another server with the same certificate
		{"POST", "/", "localhost:8080", [][2]string{{"Origin", "null"}}, 403},
		{"POST", "/", "localhost:8080", [][2]string{{"Origin", ""}}, 403},
		{"POST", "/", "localhost:8080", [][2]string{{"Origin", "http://evil.example"}}, 403},
		{"POST", "/", "localhost:8080", [][2]string{{"Origin", "http://localhost:3000"}}, 403},
		{"POST", "/", "localhost:8080", [][2]string{{"Origin", "file://localhost:8080"}}, 403},
		{"POST", "/", "localhost:8080", [][2]string{{"Origin", "http://x@localhost:8080"}}, 403},
		{"POST", "/", "localhost:8080", [][2]string{{"Origin", "http://localhost:8080"}, {"Origin", "http://evil.example"}}, 403},
		{"GET", "/v1/jobs", "localhost:8080", [][2]string{{"Sec-Fetch-Site", "none"}}, 200},
		{"GET", "/v1/jobs", "localhost:8080", [][2]string{{"Sec-Fetch-Site", "cross-site"}}, 403},
		{"GET", "/v1/jobs", "localhost:8080", [][2]string{{"Sec-Fetch-Site", "same-site"}}, 403},
		{"GET", "/", "localhost:8080", navigate, 200},
		{"GET", "/v1/jobs", "localhost:8080", navigate, 403},
		{"POST", "/", "localhost:8080", navigate, 403},
		{"GET", "/", "localhost:8080", [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "iframe"}}, 403},
	} {
		r := httptest.NewRequest(c.method, c.path, nil)
		r.Host = c.host
		for _, h := range c.headers {
			r.Header.Add(h[0], h[1])
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != c.want || c.want == 403 && (w.Header().Get("Content-Type") != problem.ContentType || w.Header().Get("Content-Security-Policy") == "") {
			t.Errorf("%+v: %d %s", c, w.Code, w.Body)
		}
	}
}

// Where the port is a usual one, browsers leave it out.
func TestHostsWithoutPort(t *testing.T) {
	for host, want := range map[string]bool{
		"192.168.1.5": true, "192.168.1.5:443": true, "[2001:db8::5]": true, "192.168.1.5:80": false, "2001:db8::5": false, "[192.168.1.5]": false, "[::1": false, "::1]": false, "evil.example": false, "": false,
	} {
		if got := numbers(host, "443"); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}
