package limits

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"classsr/server/problem"
)

func TestHosts(t *testing.T) {
	handler := Hosts([]string{"127.0.0.1:8080", "localhost:8080", "[::1]:8080", "Studio.local"}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil)
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
		{"GET", "/", "", nil, 403},
		{"GET", "/", "localhost", nil, 403},
		{"GET", "/", "localhost:8081", nil, 403},
		{"GET", "/", "localhost.:8080", nil, 403},
		{"GET", "/", "evil.example:8080", nil, 403},
		{"GET", "/", "localhost:8080@evil.example", nil, 403},
		{"POST", "/", "localhost:8080", [][2]string{{"Origin", "http://localhost:8080"}, {"Sec-Fetch-Site", "same-origin"}}, 200},
		{"POST", "/", "localhost:8080", [][2]string{{"Origin", "https://Studio.local"}}, 200},
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
		if w.Code != c.want || c.want == 403 && w.Header().Get("Content-Type") != problem.ContentType {
			t.Errorf("%+v: %d %s", c, w.Code, w.Body)
		}
	}
}
