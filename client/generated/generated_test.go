package generated

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// server builds the program, starts it as a server and gives its address.
func server(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "classsr")
	build := exec.Command("go", "build", "-o", program, "./cmd/classsr")
	build.Dir = filepath.Join("..", "..")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	cmd := exec.Command(program, "serve", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--grace", "0s")
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("the server does not start")
	}
	return lines.Text()
}

func ptr[T any](v T) *T { return &v }

func TestTheGeneratedClientOnAServer(t *testing.T) {
	c, err := NewClientWithResponses(server(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	picture, err := os.ReadFile(filepath.Join("..", "..", "docs", "images", "sample.png"))
	if err != nil {
		t.Fatal(err)
	}
	models, err := c.ListModelsWithResponse(ctx)
	if err != nil || models.JSON200 == nil || len(models.JSON200.Models) == 0 {
		t.Fatalf("%v %+v", err, models)
	}
	submitted, err := c.SubmitWithBodyWithResponse(ctx, &SubmitParams{Scale: ptr("2"), Fast: ptr(true), Name: ptr("sample.png")}, "application/octet-stream", bytes.NewReader(picture))
	if err != nil || submitted.JSON202 == nil {
		t.Fatalf("%v %s", err, submitted.Body)
	}
	j := submitted.JSON202
	for begun := time.Now(); j.State == "queued" || j.State == "running"; {
		if time.Since(begun) > time.Minute {
			t.Fatalf("not done in a minute: %+v", j)
		}
		events, err := c.FollowJobWithResponse(ctx, j.Id, nil) // ends with the job
		if err != nil || events.StatusCode() != http.StatusOK || !strings.Contains(string(events.Body), "event: job") {
			t.Fatalf("%v %s", err, events.Body)
		}
		got, err := c.GetJobWithResponse(ctx, j.Id)
		if err != nil || got.JSON200 == nil {
			t.Fatalf("%v %s", err, got.Body)
		}
		j = got.JSON200
	}
	if j.State != "done" || j.Result == nil || j.OutWidth != 2*j.Width {
		t.Fatalf("%+v", j)
	}
	result, err := c.GetResultWithResponse(ctx, j.Id, nil)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(result.Body)
	if hex.EncodeToString(sum[:]) != j.Result.Sha256 {
		t.Errorf("the result has another SHA-256 than %s", j.Result.Sha256)
	}
	if size, err := png.DecodeConfig(bytes.NewReader(result.Body)); err != nil || int64(size.Width) != j.OutWidth {
		t.Errorf("%v %+v", err, size)
	}
	view, err := c.ViewPictureWithResponse(ctx, j.Picture, nil)
	if err != nil {
		t.Fatal(err)
	}
	if size, err := png.DecodeConfig(bytes.NewReader(view.Body)); err != nil || int64(size.Width) != j.Width {
		t.Errorf("the view of the picture: %v %+v", err, size)
	}
	refused, err := c.UpscaleWithBodyWithResponse(ctx, &UpscaleParams{}, "application/octet-stream", bytes.NewReader(picture[:30]))
	if err != nil || refused.ApplicationproblemJSON422 == nil || refused.ApplicationproblemJSON422.Kind != "damaged" {
		t.Errorf("%v %d %s", err, refused.StatusCode(), refused.Body)
	}
	none, err := c.GetJobWithResponse(ctx, "AAAAAAAAAAAAAAAAAAAAAAAAAA")
	if err != nil || none.ApplicationproblemJSON404 == nil || none.ApplicationproblemJSON404.Detail == "" {
		t.Errorf("%v %d %s", err, none.StatusCode(), none.Body)
	}
}
