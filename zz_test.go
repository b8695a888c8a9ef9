package classsr

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"classsr/imageio"
	"classsr/resample"
)

func TestZZ(t *testing.T) {
	path := os.Getenv("ZZ")
	d, err := imageio.DecodeFile(path, imageio.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	hr, _ := Crop(d.Picture, 4)
	lr, _ := Shrink(hr, 4, resample.Published)
	m, err := Open(os.Getenv("ZZM"))
	if err != nil {
		t.Fatal(err)
	}
	var ups []*Upscaler
	for _, o := range []Options{{Mode: "full"}, {}} {
		u, err := m.Upscaler(o)
		if err != nil {
			t.Fatal(err)
		}
		ups = append(ups, u)
	}
	n := 12
	if os.Getenv("ZZN") != "" {
		fmt.Sscan(os.Getenv("ZZN"), &n)
	}
	for range n {
		for _, u := range ups {
			s := time.Now()
			_, r, err := u.Upscale(context.Background(), lr)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Printf("%s route %.1f net %.1f all %.1f macs %.0f%% %v %s | ", r.Mode, 1e3*r.Seconds.Route, 1e3*r.Seconds.Network, 1e3*time.Since(s).Seconds(), 100*float64(r.MACs)/float64(r.MACsFull), r.Classes, r.FullBecause)
		}
		fmt.Println()
	}
}
