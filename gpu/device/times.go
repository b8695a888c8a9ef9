package device

import (
	"errors"
	"time"

	"classsr/gpu/vulkan"
)

// Work is what a band took of the device.
type Work struct {
	// Upload is the time for bringing a band to the device, Download that for bringing its result back, and Compute that for all between: by the
	// device's own clock, without what the processor copies. They are 0 if the device has no clock.
	Upload, Compute, Download time.Duration
	// Memory is the most of its memory that buffers have had at a time since the device was opened, in bytes.
	Memory int64
}

// stage is a part of a band's commands whose time is taken.
type stage int

const (
	whole stage = iota // of a submission: all stages
	uploading
	downloading
	stages
)

// span is where a stage's times lie: timestamps at and at+1 of commands number section.
type span struct {
	stage       stage
	section, at int
}

// times are the spans of a band.
type times struct {
	spans []span
	next  int // timestamp of the section
}

// begin begins a section.
func (t *times) begin() { t.next = 0 }

// take records what do records, between two timestamps. Stages that have none left are not timed.
func (t *times) take(c *vulkan.Commands, section int, s stage, do func()) {
	if t.next+1 >= vulkan.Timestamps {
		do()
		return
	}
	at := t.next
	t.next += 2
	c.Timestamp(at)
	do()
	c.Timestamp(at + 1)
	t.spans = append(t.spans, span{s, section, at})
}

// work reads the times of commands that are through. That a device has no clock is no error.
func (t *times) work(commands []*vulkan.Commands) (Work, error) {
	var took [stages]time.Duration
	for _, s := range t.spans {
		d, err := commands[s.section].Elapsed(s.at, s.at+1)
		if errors.Is(err, vulkan.ErrDeviceLost) || errors.Is(err, vulkan.ErrOutOfMemory) {
			return Work{}, err
		}
		if err != nil {
			return Work{}, nil
		}
		took[s.stage] += d
	}
	return Work{Upload: took[uploading], Download: took[downloading], Compute: max(took[whole]-took[uploading]-took[downloading], 0)}, nil
}
