package client_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"classsr/budget"
	"classsr/client"
	"classsr/fault"
	"classsr/server"
	"classsr/server/limits"
	"classsr/server/tokens"
)

// serve runs a server in this process, with a token file if there is one, and gives its URL and its folder.
func serve(t *testing.T, tokenFile string) (address, folder string) {
	t.Helper()
	folder = t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		c := server.Config{
			Listen: "127.0.0.1:0", Data: folder, TokenFile: tokenFile, Limits: limits.Default(), Jobs: 1, Budget: budget.New(500e6, 2),
			Log: slog.New(slog.DiscardHandler), Version: "test",
		}
		ended <- server.Run(ctx, c, func(urls []string) { ready <- urls[0] })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the server ended with %v", err)
		}
	})
	select {
	case address = <-ready:
	case err := <-ended:
		ended <- err
		t.Fatal(err)
	}
	return address, folder
}

func sample(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "docs", "images", "sample.png"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(t *testing.T, address string, o client.Options) *client.Client {
	t.Helper()
	c, err := client.New(address, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var small = map[string]string{"scale": "2", "fast": "true"}

func TestJobsOfTheRealServer(t *testing.T) {
	address, _ := serve(t, "")
	c, ctx := open(t, address, client.Options{}), t.Context()
	models, err := c.Models(ctx)
	if err != nil || !slices.ContainsFunc(models, func(m client.Model) bool { return m.Default && len(m.Scales) > 0 && m.Name != "" }) {
		t.Fatalf("%+v %v", models, err)
	}
	j, err := c.Submit(ctx, bytes.NewReader(sample(t)), "/home/ann/sample.png", small)
	if err != nil {
		t.Fatal(err)
	}
	if j.State.Over() || j.ID == "" || j.Name != "sample.png" || j.Width != 260 || j.OutWidth != 520 || j.OutHeight != 390 || j.Options["scale"] != "2" || j.Created.IsZero() {
		t.Errorf("submitted: %+v", j)
	}
	var seen []client.State
	if j, err = c.Wait(ctx, j.ID, func(j client.Job) { seen = append(seen, j.State) }); err != nil {
		t.Fatal(err)
	}
	if j.State != client.Done || j.Result == nil || j.Progress != 1 || len(j.Report) == 0 || j.Ended.IsZero() || seen[len(seen)-1] != client.Done {
		t.Fatalf("done: %+v, told of %v", j, seen)
	}
	var result, direct bytes.Buffer
	if err := c.Result(ctx, j.ID, &result); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(result.Bytes())
	if hex.EncodeToString(sum[:]) != j.Result.SHA256 || int64(result.Len()) != j.Result.Bytes {
		t.Errorf("%d bytes came, with another SHA-256 than %+v", result.Len(), j.Result)
	}
	// What is not a file, and cannot be read twice, goes too.
	if err := c.Upscale(ctx, io.MultiReader(bytes.NewReader(sample(t))), "sample.png", small, &direct); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(direct.Bytes(), result.Bytes()) {
		t.Error("at once it is another picture than as a job")
	}
	if again, err := c.Wait(ctx, j.ID, nil); err != nil || again.State != client.Done {
		t.Errorf("waiting for a job that is over: %+v %v", again, err)
	}
	if err := c.Cancel(ctx, j.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Job(ctx, j.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a job that was removed: %v", err)
	}
	if _, err := c.Wait(ctx, j.ID, nil); fault.KindOf(err) != fault.NotFound {
		t.Errorf("waiting for a job that was removed: %v", err)
	}
}

func TestRefusalsHaveTheServersKinds(t *testing.T) {
	address, _ := serve(t, "")
	c := open(t, address, client.Options{})
	for _, test := range []struct {
		name    string
		picture []byte
		options map[string]string
		want    fault.Kind
	}{
		{"a.png", sample(t), map[string]string{"colour": "red"}, fault.Usage},
		{"a.png", sample(t), map[string]string{"scale": "many"}, fault.Usage},
		{"a.png", sample(t), map[string]string{"picture": "x"}, fault.Usage},
		{"a.png", sample(t)[:20], nil, fault.Damaged},
		{"a.svg", []byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), nil, fault.Unsupported},
		{"", nil, nil, fault.Usage},
	} {
		_, err := c.Submit(t.Context(), bytes.NewReader(test.picture), test.name, test.options)
		if fault.KindOf(err) != test.want {
			t.Errorf("%s %v: %v, want %s", test.name, test.options, err, test.want)
		}
		var out bytes.Buffer
		if err := c.Upscale(t.Context(), bytes.NewReader(test.picture), test.name, test.options, &out); fault.KindOf(err) != test.want || out.Len() > 0 {
			t.Errorf("upscale %s %v: %v, want %s", test.name, test.options, err, test.want)
		}
	}
	for _, id := range []string{"", "../models", "A/B", "01HZX3J5V7Q9K2M4N6P8R0S1T?x"} {
		if _, err := c.Job(t.Context(), id); fault.KindOf(err) != fault.Usage {
			t.Errorf("job %q: %v", id, err)
		}
	}
}

func TestListGoesThroughPages(t *testing.T) {
	address, _ := serve(t, "")
	c := open(t, address, client.Options{Patience: time.Minute})
	const n = 53 // a page has 50
	var want []string
	for range n {
		j, err := c.Submit(t.Context(), bytes.NewReader(sample(t)), "", small)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, j.ID)
	}
	slices.Reverse(want)
	var got []string
	for j, err := range c.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, j.ID)
	}
	slices.Sort(want) // identifiers of one millisecond are in no order
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("listed %d jobs, submitted %d", len(got), len(want))
	}
	for _, id := range got {
		if err := c.Cancel(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
}

func TestJoinsOverTLS(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	secret, err := tokens.Add(file, tokens.Token{Name: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	address, folder := serve(t, file)
	_, fingerprint, err := tokens.Certificate(filepath.Join(folder, "tls"), nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" {
		t.Fatal(address, err)
	}
	join := tokens.Join{Address: u.Host, Secret: secret, Fingerprint: fingerprint}
	c, err := client.Join(join.String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Models(t.Context()); err != nil {
		t.Error(err)
	}
	other := join
	other.Fingerprint[0] ^= 1
	stranger := join
	stranger.Secret = strings.Repeat("x", len(secret))
	for _, j := range []tokens.Join{other, stranger, {Address: u.Host, Secret: secret}} {
		c, err := client.Join(j.String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Models(t.Context()); fault.KindOf(err) != fault.Unauthorized {
			t.Errorf("%v", err)
		}
	}
}

// faulty sends requests, and breaks what comes back as it is told.
type faulty struct {
	spoil func(n int64, r *http.Request, answer *http.Response) (*http.Response, error)
	n     atomic.Int64
}

func (f *faulty) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	return f.spoil(f.n.Add(1), r, answer)
}

// cut is a body that breaks off.
type cut struct {
	io.Reader
	io.Closer
}

func cutAfter(n int64, body io.ReadCloser) io.ReadCloser {
	return cut{io.MultiReader(io.LimitReader(body, n), broken{}), body}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestLostAnswersMakeOneJob(t *testing.T) {
	address, _ := serve(t, "")
	f := &faulty{spoil: func(n int64, _ *http.Request, answer *http.Response) (*http.Response, error) {
		switch n {
		case 1: // the server has the job, but its answer is lost
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
			return nil, errors.New("connection reset")
		case 2:
			answer.Body = cutAfter(20, answer.Body)
		}
		return answer, nil
	}}
	c := open(t, address, client.Options{HTTP: &http.Client{Transport: f}})
	j, err := c.Submit(t.Context(), bytes.NewReader(sample(t)), "a.png", small)
	if err != nil || f.n.Load() != 3 {
		t.Fatalf("%v after %d requests", err, f.n.Load())
	}
	n := 0
	for other, err := range c.List(t.Context()) {
		if n++; err != nil || other.ID != j.ID {
			t.Errorf("%v %v", other.ID, err)
		}
	}
	if n != 1 {
		t.Errorf("there are %d jobs", n)
	}
}

// A key gives the same job as long as there is one, and a picture that was sent need not be sent again.
func TestKeysAndSentPictures(t *testing.T) {
	address, _ := serve(t, "")
	c, ctx := open(t, address, client.Options{}), t.Context()
	hash := sha256.Sum256(sample(t))
	sum := hex.EncodeToString(hash[:])
	has := func(want bool) {
		t.Helper()
		if got, err := c.Has(ctx, sum); got != want || err != nil {
			t.Errorf("the server has the picture: %v %v, want %v", got, err, want)
		}
	}
	has(false)
	if _, err := c.SubmitSent(ctx, "one", sum, small); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a picture that the server has not: %v", err)
	}
	j, err := c.SubmitAs(ctx, "one", bytes.NewReader(sample(t)), "a.png", small)
	if err != nil || j.Picture != sum {
		t.Fatal(j.Picture, err)
	}
	has(true)
	for range 2 {
		if again, err := c.SubmitSent(ctx, "one", sum, small); err != nil || again.ID != j.ID {
			t.Errorf("the same key gives %s, not %s (%v)", again.ID, j.ID, err)
		}
	}
	if _, err := c.SubmitSent(ctx, "one", sum, nil); fault.KindOf(err) != fault.Conflict {
		t.Errorf("the same key with other options: %v", err)
	}
	if other, err := c.SubmitSent(ctx, "two", sum, small); err != nil || other.ID == j.ID || other.Name != "a.png" {
		t.Errorf("another key gives %+v (%v)", other, err)
	}
}

// One stream tells of all jobs.
func TestFollowTellsOfAllJobs(t *testing.T) {
	address, _ := serve(t, "")
	c := open(t, address, client.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	over, opened := map[string]client.State{}, false
	err := c.Follow(ctx, func() {
		opened = true
		for _, key := range []string{"one", "two"} {
			if _, err := c.SubmitAs(ctx, key, bytes.NewReader(sample(t)), "a.png", small); err != nil {
				t.Error(err)
			}
		}
	}, func(j client.Job) {
		if j.State.Over() {
			over[j.ID] = j.State
		}
		if len(over) == 2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || !opened {
		t.Errorf("it ends with %v, opened %v", err, opened)
	}
	for id, state := range over {
		if state != client.Done {
			t.Errorf("%s is %s", id, state)
		}
	}
	f := &faulty{spoil: func(_ int64, _ *http.Request, answer *http.Response) (*http.Response, error) {
		answer.Body = cutAfter(4, answer.Body)
		return answer, nil
	}}
	c = open(t, address, client.Options{HTTP: &http.Client{Transport: f}})
	if err := c.Follow(t.Context(), func() {}, func(client.Job) {}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a stream that breaks off: %v", err)
	}
}

func TestResultsGoOnWhereTheyBroke(t *testing.T) {
	address, _ := serve(t, "")
	plain := open(t, address, client.Options{})
	j, err := plain.Submit(t.Context(), bytes.NewReader(sample(t)), "a.png", small)
	if err != nil {
		t.Fatal(err)
	}
	streams := 0
	f := &faulty{spoil: func(_ int64, r *http.Request, answer *http.Response) (*http.Response, error) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/events"):
			if streams++; streams < 3 { // Wait asks, and listens again
				answer.Body = cutAfter(30, answer.Body)
			}
		case strings.HasSuffix(r.URL.Path, "/result") && answer.ContentLength > 50_000:
			answer.Body = cutAfter(answer.ContentLength/2, answer.Body)
		}
		return answer, nil
	}}
	c := open(t, address, client.Options{HTTP: &http.Client{Transport: f}})
	if j, err = c.Wait(t.Context(), j.ID, nil); err != nil || j.State != client.Done {
		t.Fatalf("%+v %v", j, err)
	}
	var got, want bytes.Buffer
	if err := plain.Result(t.Context(), j.ID, &want); err != nil {
		t.Fatal(err)
	}
	before := f.n.Load()
	if err := c.Result(t.Context(), j.ID, &got); err != nil {
		t.Fatal(err)
	}
	if f.n.Load()-before < 4 || !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Errorf("%d requests gave %d bytes, want %d", f.n.Load()-before, got.Len(), want.Len())
	}
}

// clip is a video of three gray frames that stand still.
func clip() []byte {
	frame := append([]byte("FRAME\n"), bytes.Repeat([]byte{90}, 32*24*3/2)...)
	return append([]byte("YUV4MPEG2 W32 H24 F25:1 Ip C420jpeg\n"), bytes.Repeat(frame, 3)...)
}

// A video is a job like a picture; what cannot be one is refused with what to do.
func TestVideosOfTheRealServer(t *testing.T) {
	address, _ := serve(t, "")
	c, ctx := open(t, address, client.Options{}), t.Context()
	j, err := c.Submit(ctx, bytes.NewReader(clip()), "clip.y4m", small)
	if err == nil {
		j, err = c.Wait(ctx, j.ID, nil)
	}
	if err != nil || j.State != client.Done || j.Frames != 3 || j.Format != "y4m" || j.ResultFormat != ".y4m" || j.OutWidth != 64 || j.Result.Name != "clip_x2.y4m" || j.Result.View != "" {
		t.Fatalf("%+v %v", j, err)
	}
	var result bytes.Buffer
	if err := c.Result(ctx, j.ID, &result); err != nil || !bytes.HasPrefix(result.Bytes(), []byte("YUV4MPEG2 W64 H48 ")) || bytes.Count(result.Bytes(), []byte("FRAME\n")) != 3 {
		t.Errorf("%.60q %v", result.Bytes(), err)
	}
	answer, err := http.Get(strings.TrimSuffix(address, "/") + "/v1/jobs/" + j.ID + "/result")
	if err != nil || answer.Header.Get("Content-Type") != "video/x-yuv4mpeg" {
		t.Errorf("%v %v", answer, err)
	}
	_ = answer.Body.Close()
	for says, in := range map[string][]byte{
		"-vf bwdif": bytes.Replace(clip(), []byte(" Ip"), []byte(" It"), 1), "within frame 3": clip()[:len(clip())-1], "there is no frame": clip()[:36],
	} {
		var refused *client.Error
		if _, err := c.Submit(ctx, bytes.NewReader(in), "clip.y4m", small); !errors.As(err, &refused) || !strings.Contains(refused.Detail, says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	if err := c.Upscale(ctx, bytes.NewReader(clip()), "clip.y4m", small, io.Discard); fault.KindOf(err) != fault.Unsupported || !strings.Contains(err.Error(), "/v1/jobs") {
		t.Errorf("directly: %v", err)
	}
}
