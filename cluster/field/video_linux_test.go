package field

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"testing"
	"time"

	"classsr/branch/branchtest"
	"classsr/budget"
	"classsr/client"
	"classsr/imageio/y4m"
	"classsr/imageio/yuv"
	"classsr/pipeline"
	"classsr/pipeline/order"
)

// clip is a video of so many frames in which something moves, and what one process makes of it.
func clip(t *testing.T, frames int, options map[string]string) sample {
	t.Helper()
	h := y4m.Header{Width: 64, Height: 40, Rate: y4m.Ratio{Num: 25, Den: 1}, Format: y4m.Format{Depth: 8, Across: 2, Down: 2, Siting: y4m.Left}}
	c := yuv.New(h, yuv.BT601, 1)
	var in, out bytes.Buffer
	w, err := y4m.NewWriter(&in, h)
	for i := range frames {
		p := branchtest.Patchwork(h.Width, h.Height, 3, false, 8)
		for k := range 3 * 16 * h.Width {
			p.Pix8[k] += uint8(i * k % 7)
		}
		f := h.NewFrame()
		if err == nil {
			err = c.ToFrame(t.Context(), f, p)
		}
		if err == nil {
			err = w.Write(f)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	var o order.Order
	for name, value := range options {
		if err := o.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	p, err := o.Pipeline(nil, budget.New(0, 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	p.In, p.Out = bytes.NewReader(in.Bytes()), &out
	if _, err := p.Video(t.Context(), o.Video(pipeline.Std, pipeline.Std)); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(out.Bytes())
	return sample{name: "clip.y4m", data: in.Bytes(), want: hex.EncodeToString(sum[:])}
}

// The frames of a video are shared out among machines. One that is killed ends nothing, nor do all, or the server: the video is that of one process, and there is one.
func TestVideo(t *testing.T) {
	if !load(false, true, true) {
		t.Skip("it takes longer: CLASSSR_LOAD=short tries it")
	}
	options := map[string]string{"model": "span-x4"}
	video := clip(t, load(140, 300, 600), options)
	for name, happen := range map[string]func(s *site, workers []*process){
		"a worker is killed":                         func(_ *site, workers []*process) { workers[0].kill() },
		"the server is killed, and is started again": func(s *site, _ []*process) { s.coordinator.kill(); s.startCoordinator() },
		"all workers are killed, and the server does the rest": func(_ *site, workers []*process) {
			for _, w := range workers {
				w.kill()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, plan{lease: lease, divide: 5e9})
			workers := []*process{s.worker(1, "w0"), s.worker(2, "w1"), s.worker(1, "w2")}
			s.awaitWorkers(len(workers))
			s.submit([]sample{video}, options)
			s.await(time.Minute, func() string {
				for _, j := range s.jobs() {
					if j.Progress > 0.05 {
						if j.State == client.Done {
							t.Error("the video was done before something happened")
						}
						return ""
					}
				}
				return "no frame is done"
			})
			if c, err := s.client.Cluster(t.Context()); err != nil || c.Units < 2 {
				t.Errorf("it is not shared out: %+v %v", c, err)
			}
			happen(s, workers)
			s.settle(2 * time.Minute)
			if left, _ := filepath.Glob(filepath.Join(s.data(), "*", "video-*")); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}
