package jobs

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"classsr/fault"
	"classsr/server/blobs"
)

// model is what a table is to be, step by step.
type model struct {
	folder string
	crash  int
	now    time.Time
	disk   *disk
	table  *Table

	jobs     map[string]Job    // all that were accepted and not removed
	keys     map[string]string // job by owner and key
	pictures map[string]time.Time
	ends     map[string]int // how often each job was done
	busy     []*entry       // runs that have not returned
}

func (m *model) open(t *rapid.T, path string) {
	m.disk = &disk{}
	table, err := Open(path, Options{Queue: 12, Jobs: 3, Files: m.disk, Retention: time.Hour, Now: func() time.Time { return m.now }})
	if err != nil {
		t.Fatal(err)
	}
	m.table = table
	m.table.db.NoSync = true // what is in the file is read at once
}

// any draws one of the jobs.
func (m *model) any(t *rapid.T) (j Job, ok bool) {
	ids := slices.Sorted(maps.Keys(m.jobs))
	if len(ids) == 0 {
		return j, false
	}
	return m.jobs[rapid.SampledFrom(ids).Draw(t, "job")], true
}

// taken is how many jobs wait, in all and of an owner.
func (m *model) taken(owner string) (all, own int) {
	for _, j := range m.jobs {
		if j.State == Queued {
			all++
			if j.Owner == owner {
				own++
			}
		}
	}
	return all, own
}

func (m *model) add(t *rapid.T) {
	j := job(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "owner"), byte(rapid.IntRange(1, 4).Draw(t, "picture")))
	j.Forecast = float64(rapid.IntRange(1, 20).Draw(t, "seconds"))
	key := rapid.SampledFrom([]string{"", "", "k", "l"}).Draw(t, "key")
	there, known := m.jobs[m.keys[j.Owner+key]]
	known = known && key != ""
	all, own := m.taken(j.Owner)
	added, replayed, err := m.table.Add(j, key)
	switch {
	case known && there.Picture != j.Picture:
		if fault.KindOf(err) != fault.Conflict {
			t.Fatalf("a key for another picture: %v", err)
		}
	case known:
		if err != nil || !replayed || added.ID != there.ID || added.State != there.State {
			t.Fatalf("a key that was used: %+v %v %v", added, replayed, err)
		}
	case all >= 12 || own >= 6:
		if fault.KindOf(err) != fault.Busy {
			t.Fatalf("%d jobs wait, %d of the owner: %v", all, own, err)
		}
	case err != nil || replayed || added.State != Queued:
		t.Fatalf("added: %+v %v %v", added, replayed, err)
	default:
		m.jobs[added.ID] = added
		if key != "" {
			m.keys[j.Owner+key] = added.ID
		}
	}
}

func (m *model) begin(t *rapid.T) {
	waiting, _ := m.taken("")
	e, _ := m.table.begin()
	if e == nil {
		if waiting == 0 {
			return
		}
		for id, j := range m.jobs { // unless something has to run alone, or ended the process too often
			now, err := m.table.Get(j.Owner, id)
			if err != nil {
				t.Fatal(err)
			}
			if now.State == Failed && j.State == Queued && now.Attempts == hopeless {
				m.jobs[id] = now
				return
			}
			if now.Attempts >= suspicious && (!now.State.Over() || m.isBusy(id)) {
				return
			}
		}
		t.Fatalf("%d jobs wait, and none is begun", waiting)
	}
	j, known := m.jobs[e.ID]
	if !known || j.State != Queued || m.ends[e.ID] > 0 {
		t.Fatalf("begun: %+v", j)
	}
	m.jobs[e.ID] = e.Job
	m.busy = append(m.busy, e)
}

// end ends a run, in one of several ways.
func (m *model) end(t *rapid.T) {
	if len(m.busy) == 0 {
		return
	}
	i := rapid.IntRange(0, len(m.busy)-1).Draw(t, "run")
	e := m.busy[i]
	m.busy = slices.Delete(m.busy, i, i+1)
	j := m.jobs[e.ID]
	if j.State == Running {
		err := rapid.SampledFrom([]error{nil, nil, nil, fault.New(fault.Damaged, "damaged"), errEnding}).Draw(t, "error")
		m.table.end(t.Context(), e, Result{Bytes: 7}, err)
		switch {
		case err == nil:
			j.State = Done
			m.ends[e.ID]++
		case errors.Is(err, errEnding):
			j.State = Queued
		default:
			j.State = Failed
		}
		j.Ended = m.now
	} else {
		m.table.end(t.Context(), e, Result{}, errCancelled)
	}
	m.jobs[e.ID] = j
}

func (m *model) remove(t *rapid.T) {
	j, ok := m.any(t)
	if !ok {
		return
	}
	got, err := m.table.Delete(j.Owner, j.ID)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case !j.State.Over():
		j.State, j.Ended = Cancelled, m.now
		m.jobs[j.ID] = j
	case !m.isBusy(j.ID):
		m.forget(j)
	}
	if got.State != j.State {
		t.Fatalf("the job is %s, not %s", got.State, j.State)
	}
}

func (m *model) isBusy(id string) bool {
	return slices.ContainsFunc(m.busy, func(e *entry) bool { return e.ID == id })
}

func (m *model) forget(j Job) {
	delete(m.jobs, j.ID)
	maps.DeleteFunc(m.keys, func(_, id string) bool { return id == j.ID })
}

func (m *model) upload(t *rapid.T) {
	p := Picture{Owner: "a", Sum: blobs.Sum{byte(rapid.IntRange(1, 4).Draw(t, "picture"))}}
	if err := m.table.AddPicture(p); err != nil {
		t.Fatal(err)
	}
	m.pictures[p.Sum.String()] = m.now
}

func (m *model) later(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "minutes")) * time.Minute)
	m.table.Expire()
	for _, j := range m.jobs {
		if j.State.Over() && !m.isBusy(j.ID) && m.now.Sub(j.Ended) >= time.Hour {
			m.forget(j)
		}
	}
	maps.DeleteFunc(m.pictures, func(_ string, used time.Time) bool { return m.now.Sub(used) >= time.Hour })
}

// reopen ends the process at once: the next one has the file as it is now.
func (m *model) reopen(t *rapid.T) {
	m.crash++
	text, err := os.ReadFile(m.table.db.Path())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(m.folder, fmt.Sprint("copy", m.crash))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	_ = m.table.db.Close()
	m.busy = nil
	for id, j := range m.jobs {
		if j.State == Running {
			j.State = Queued
			m.jobs[id] = j
		}
	}
	m.open(t, path)
	if m.table.Aside() != "" {
		t.Fatal("the file was damaged")
	}
}

// check compares the table with the model.
func (m *model) check(t *rapid.T) {
	got, want := map[string]State{}, map[string]State{}
	refs, queued, reserved := map[blobs.Sum]int{}, 0, int64(0)
	picture, result := m.table.Known()
	for id, e := range m.table.jobs {
		got[id] = e.State
		if result(id) != (e.State == Done || m.isBusy(id)) {
			t.Fatalf("the files of a job that is %s are needed: %v", e.State, result(id))
		}
	}
	for id, j := range m.jobs {
		want[id] = j.State
		refs[j.Picture]++
		if j.State == Queued {
			queued++
		}
		if !j.State.Over() || m.isBusy(id) {
			reserved += j.Bytes
		}
	}
	for text := range m.pictures {
		sum, _ := blobs.ParseSum(text)
		refs[sum]++
	}
	for i := range byte(5) {
		if picture(blobs.Sum{i}) != (refs[blobs.Sum{i}] > 0) {
			t.Fatalf("picture %d is needed: %v", i, picture(blobs.Sum{i}))
		}
	}
	switch {
	case !maps.Equal(got, want):
		t.Fatalf("jobs are %v, not %v", got, want)
	case !maps.Equal(m.table.refs, refs):
		t.Fatalf("pictures are %v, not %v", m.table.refs, refs)
	case m.table.queue.Len() != queued || len(m.table.keys) != len(m.keys) || len(m.table.pictures) != len(m.pictures):
		t.Fatalf("%d wait, not %d; keys: %v; pictures: %v", m.table.queue.Len(), queued, m.table.keys, m.table.pictures)
	case m.disk.reserved != reserved:
		t.Fatalf("%d bytes are set aside, not %d", m.disk.reserved, reserved)
	case m.table.work.jobs != len(m.busy):
		t.Fatalf("%d jobs run, not %d", m.table.work.jobs, len(m.busy))
	}
	for _, gone := range m.disk.removed {
		for i := range byte(5) {
			if gone == fmt.Sprint("picture ", i) && refs[blobs.Sum{i}] > 0 {
				t.Fatalf("%s was removed, and is needed", gone)
			}
		}
	}
	m.disk.removed = nil
}

// TestModel adds, begins, ends, cancels and removes jobs at random, lets time pass, and ends the process without warning: no job that was accepted is
// lost, none is done twice, no file is removed that is needed, and nothing is counted that is gone.
func TestModel(t *testing.T) {
	folders := folders(t)
	rapid.Check(t, func(t *rapid.T) {
		folder := folders(t)
		m := &model{
			folder: folder, now: time.UnixMilli(1_700_000_000_000), jobs: map[string]Job{}, keys: map[string]string{}, pictures: map[string]time.Time{}, ends: map[string]int{},
		}
		m.open(t, filepath.Join(folder, "jobs.db"))
		defer func() {
			_ = m.table.db.Close()
		}()
		t.Repeat(map[string]func(*rapid.T){
			"add": m.add, "add again": m.add, "begin": m.begin, "begin again": m.begin, "end": m.end, "end again": m.end, "remove": m.remove, "upload": m.upload,
			"later": m.later, "crash": m.reopen, "": m.check,
		})
		for id, n := range m.ends {
			if n > 1 {
				t.Fatalf("%s was done %d times", id, n)
			}
		}
	})
}
