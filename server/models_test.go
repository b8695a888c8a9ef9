package server

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/budget"
	"classsr/models"
	"classsr/pipeline"
	"classsr/server/tokens"
)

// modelFile writes a model's file, which says that it is the usual built-in one, and gives its content and its path.
func modelFile(t *testing.T) (data []byte, path string) {
	t.Helper()
	m := branchtest.ClassSR(t, "fsrcnn", 4, 2)
	m.Name = models.Default
	path = filepath.Join(t.TempDir(), "m.safetensors")
	if err := m.Save(path, false); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data, path
}

// atHome enlarges a picture as the command does, with a model by its name or its path.
func atHome(t *testing.T, data []byte, model string) string {
	t.Helper()
	only, err := classsr.Open(model)
	if err != nil {
		t.Fatal(err)
	}
	b := budget.New(300<<20, 1)
	m, err := pipeline.NewModels(only, classsr.Options{Threads: 1, Shared: b})
	if err != nil {
		t.Fatal(err)
	}
	in, out := filepath.Join(t.TempDir(), "in.png"), filepath.Join(t.TempDir(), "out.png")
	if err := os.WriteFile(in, data, 0o600); err != nil {
		t.Fatal(err)
	}
	p := &pipeline.Pipeline{Models: m, Background: [3]uint8{255, 255, 255}, Threads: 1, Shared: b}
	if _, err := p.Single(t.Context(), pipeline.Job{Input: in, Output: out}); err != nil {
		t.Fatal(err)
	}
	result, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(result)
}

// A model that was sent works as it does at home, whatever name its file has, and is there after a restart.
func TestModelThatIsSent(t *testing.T) {
	data, path := modelFile(t)
	pic := picture(t)
	c := config(t, io.Discard)
	var sent struct {
		Model, SHA256, Name string
		Bytes               int
		Scales              []int
		Classes             []string
	}
	enlarge := func(url, model string) (int, string) {
		return ask(t, "POST", url+"/v1/upscale?name=a.png&model="+model, "", bytes.NewReader(pic))
	}
	running(t, c, func(url string) {
		for range 2 {
			status, text := ask(t, "POST", url+"/v1/models", "", bytes.NewReader(data))
			if err := json.Unmarshal([]byte(text), &sent); status != http.StatusCreated || err != nil {
				t.Fatalf("%d %s, %v", status, text, err)
			}
		}
		if sent.Name != models.Default || sent.Bytes != len(data) || len(sent.Scales) != 1 || len(sent.Classes) != 2 || sent.Model != "sha256:"+sent.SHA256 {
			t.Errorf("%+v is told of it", sent)
		}
		for _, model := range []string{models.Default, sent.Model, models.Default} {
			home := path
			if model == models.Default {
				home = model
			}
			if status, got := enlarge(url, model); status != http.StatusOK || got != atHome(t, pic, home) {
				t.Errorf("%s: status %d, or other bytes than at home", model, status)
			}
		}
		if _, text := ask(t, "GET", url+"/v1/models", "", nil); strings.Contains(text, sent.SHA256) {
			t.Error("what others have sent is listed")
		}
	})
	c.Budget = budget.New(300<<20, 1)
	running(t, c, func(url string) {
		if status, _ := ask(t, "HEAD", url+"/v1/models/"+sent.SHA256, "", nil); status != http.StatusOK {
			t.Errorf("after a restart it is answered %d", status)
		}
		if status, got := enlarge(url, sent.Model); status != http.StatusOK || got != atHome(t, pic, path) {
			t.Errorf("after a restart: status %d, or other bytes than at home", status)
		}
		status, text := ask(t, "POST", url+"/v1/jobs?name=a.png&model="+sent.Model, "", bytes.NewReader(pic))
		if status != http.StatusAccepted || !strings.Contains(text, `"model":"`+sent.Model) {
			t.Errorf("a job: %d %s", status, text)
		}
		other := strings.Repeat("0", 64)
		if status, text := enlarge(url, "sha256:"+other); status != http.StatusNotFound || !strings.Contains(text, "send its file again") {
			t.Errorf("a model that was not sent: %d %s", status, text)
		}
		if status, _ := ask(t, "HEAD", url+"/v1/models/"+other, "", nil); status != http.StatusNotFound {
			t.Errorf("asked for a model that was not sent: %d", status)
		}
	})
}

// What is no model is refused, whoever has no right to send one is, and nothing stays of it.
func TestModelsThatAreRefused(t *testing.T) {
	data, _ := modelFile(t)
	c := config(t, io.Discard)
	c.TokenFile, c.PlainHTTP = filepath.Join(t.TempDir(), "tokens"), true
	secrets := map[string]string{"stranger": "csr_" + strings.Repeat("x", 43)}
	for name, scope := range map[string]string{"user": tokens.ScopeJobs, "watcher": tokens.ScopeMetrics, "worker": tokens.ScopeWorker} {
		secret, err := tokens.Add(c.TokenFile, tokens.Token{Name: name, Scopes: []string{scope}})
		if err != nil {
			t.Fatal(err)
		}
		secrets[name] = secret
	}
	damaged := bytes.Clone(data)
	damaged[len(damaged)-50] ^= 4
	running(t, c, func(url string) {
		for name, one := range map[string]struct {
			who    string
			body   []byte
			status int
		}{
			"nobody's":         {"", data, http.StatusUnauthorized},
			"a stranger's":     {"stranger", data, http.StatusUnauthorized},
			"with metrics":     {"watcher", data, http.StatusForbidden},
			"a worker's":       {"worker", data, http.StatusForbidden},
			"a flipped bit":    {"user", damaged, http.StatusUnprocessableEntity},
			"a picture":        {"user", picture(t), http.StatusUnsupportedMediaType},
			"nothing":          {"user", nil, http.StatusUnsupportedMediaType},
			"larger than fits": {"user", make([]byte, 30<<20), http.StatusRequestEntityTooLarge},
		} {
			if status, text := ask(t, "POST", url+"/v1/models", secrets[one.who], bytes.NewReader(one.body)); status != one.status {
				t.Errorf("%s: answered %d %s", name, status, text)
			}
		}
	})
	entries, err := os.ReadDir(filepath.Join(c.Data, "models"))
	if err != nil || len(entries) > 0 {
		t.Errorf("in the folder of models is %v, %v", entries, err)
	}
}
