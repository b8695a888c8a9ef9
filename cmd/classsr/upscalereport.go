package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/rivo/uniseg"

	"classsr/fault"
	"classsr/infer"
	"classsr/pipeline"
)

// listed is how many pictures a run may have that prints a line for each. Longer ones print progress and a summary.
const listed = 50

// upscaleReport tells the user what happens.
type upscaleReport struct {
	progress    *progress
	std         streams
	quiet, json bool
	auto        bool             // a GPU is to be used where it is faster
	pages       bool             // each of a file's is a picture, so that there may be more than was known in the beginning
	many        bool             // more than one picture, perhaps: what failed is told in the end
	lines       bool             // a line is printed for each picture
	dry         bool             // nothing is done
	waited      bool             // for pictures, so that its time says nothing of its speed
	resumable   bool             // it was broken off, and the same command goes on
	last        *pipeline.Result // that was finished
	failures    []failureRow
	notes       []noteRow
}

// failureRow is a picture that failed and why.
type failureRow struct{ input, reason string }

// noteRow is a note and the pictures that it is about: the first, and how many there are.
type noteRow struct {
	text, first string
	pictures    int
}

// begin says what the work is and leaves out.
func (r *upscaleReport) begin(work *pipeline.Work, many bool) {
	r.many, r.lines = many, work.Len() <= listed
	if !r.quiet {
		for _, text := range work.LeftOut {
			r.std.note("%s", text)
		}
	}
}

func (r *upscaleReport) Started(j pipeline.Job, at pipeline.Position) {
	if r.pages && at.Count > listed {
		r.lines = false
	}
	r.progress.start(j.Picture(), at)
}

func (r *upscaleReport) Failed(f pipeline.Failure) error {
	r.progress.finish(0)
	if r.many {
		r.failures = append(r.failures, newFailureRow(f))
	} else {
		r.std.report(f.Err)
	}
	return r.print(object(f.Job, map[string]any{"error": f.Err.Error(), "kind": fault.KindOf(f.Err)}))
}

// object is a JSON object about a job that gave no result.
func object(j pipeline.Job, fields map[string]any) map[string]any {
	fields["input"], fields["output"] = j.Input, j.Output
	if j.Page > 0 {
		fields["page"] = j.Page
	}
	return fields
}

// newFailureRow takes the name of the picture, which has a column of its own, out of the reason.
func newFailureRow(f pipeline.Failure) failureRow {
	if f.Input == "" {
		return failureRow{"", f.Reason()}
	}
	return failureRow{f.Picture(), f.Reason()}
}

func (r *upscaleReport) Finished(done *pipeline.Result) error {
	r.last = done
	r.progress.finish(float64(done.OutWidth) * float64(done.OutHeight) / 1e6)
	if !r.quiet {
		for _, note := range done.Notes {
			r.note(done.Picture(), note)
		}
		if because := r.because(done.Device); because != "" {
			r.note(done.Picture(), because)
		}
		if r.lines {
			r.std.note("%s  %dx%d to %dx%d in %.1f s", done.Job, done.Width, done.Height, done.OutWidth, done.OutHeight,
				done.Seconds.Total)
		}
	}
	return r.print(done)
}

// because is a note about why the processor computed what a GPU was to; empty if it did not, or was to be chosen where it is faster.
func (r *upscaleReport) because(d *infer.DeviceReport) string {
	if d == nil || d.CPUBecause == "" || r.auto && d.Bands == 0 {
		return ""
	}
	return "the processor computed what " + d.Name + " did not: " + d.CPUBecause
}

// tell tells what the user may not expect of the models, or of a server. It may be called by any goroutine.
func (r *upscaleReport) tell(text string) {
	if !r.quiet {
		r.progress.aside(func() { r.std.note("%s", text) })
	}
}

// note tells of a note at once, or keeps it until the end.
func (r *upscaleReport) note(input, text string) {
	if r.lines {
		r.std.note("%s: note: %s", input, text)
		return
	}
	for i := range r.notes {
		if r.notes[i].text == text {
			r.notes[i].pictures++
			return
		}
	}
	if len(r.notes) < listed { // more kinds of notes than that help nobody
		r.notes = append(r.notes, noteRow{text, input, 1})
	}
}

func (r *upscaleReport) Skipped(j pipeline.Job, why string) error {
	if r.lines && !r.quiet && why != pipeline.DoneBefore {
		r.progress.pause()
		r.std.note("%s: skipped, %s", j.Picture(), why)
	}
	return r.print(object(j, map[string]any{"skipped": true, "reason": why}))
}

// watch enlarges what arrives in folders. It is ended by Ctrl-C, which is no failure.
func (r *upscaleReport) watch(ctx context.Context, p *pipeline.Pipeline, request *pipeline.Request) error {
	if !r.quiet {
		r.std.note("watching %s for pictures; Ctrl-C ends it", strings.Join(request.Args, ", "))
	}
	r.lines = true
	s, err := p.Watch(ctx, request, r)
	r.many, r.waited = true, true
	return r.end(s, err)
}

// preview prints what would be done.
func (r *upscaleReport) preview(ctx context.Context, p *pipeline.Pipeline, work *pipeline.Work) error {
	r.dry = true
	s, err := p.Preview(ctx, work, r.previewed)
	return r.end(s, err)
}

// previewed prints what would be done with a picture.
func (r *upscaleReport) previewed(v pipeline.Preview) error {
	job := object(v.Job, map[string]any{"dry_run": true})
	text := v.String()
	switch {
	case v.Err != nil:
		return r.Failed(pipeline.Failure{Job: v.Job, Err: v.Err})
	case v.Skip != "":
		job["skipped"], job["reason"] = true, v.Skip
		text = fmt.Sprintf("%s: skipped, %s", v.Picture(), v.Skip)
	case v.Width > 0:
		job["width"], job["height"], job["out_width"], job["out_height"] = v.Width, v.Height, v.OutWidth, v.OutHeight
		text += fmt.Sprintf("  %dx%d to %dx%d", v.Width, v.Height, v.OutWidth, v.OutHeight)
	}
	if r.json {
		return r.print(job)
	}
	_, err := fmt.Fprintln(r.std.out, printable(text))
	return err
}

// end tells of all pictures together, after a run that ended with err, and gives the error of the command.
func (r *upscaleReport) end(s pipeline.Summary, err error) error {
	if err != nil && s.Done+s.Skipped+s.Failed == 0 {
		r.progress.end()
		return err // it could not even begin
	}
	if sumErr := r.sum(s); err == nil {
		err = sumErr
	}
	if err == nil && s.Failed > 0 {
		err = errReported
	}
	return err
}

func (r *upscaleReport) sum(s pipeline.Summary) error {
	r.progress.end() // also of a picture that was broken off
	for _, n := range r.notes {
		others := ""
		if n.pictures > 1 {
			others = fmt.Sprintf(" and %d more", n.pictures-1)
		}
		r.std.note("%s%s: note: %s", n.first, others, n.text)
	}
	r.table()
	if !r.many {
		return nil
	}
	switch {
	case r.quiet:
	case r.dry:
		r.std.note("dry run: %d to do (%s megapixels), %s, %d would fail", s.Done, rate(s.Megapixels), skippedText(s), s.Failed)
	case r.waited:
		r.std.note("%s", summaryText(s))
	default:
		r.std.note("%s", summaryText(s)+speedText(s))
		if r.resumable {
			r.std.note("give the same command again to go on")
		}
	}
	return r.print(map[string]any{"summary": s})
}

// table lists what failed, one line each, in columns.
func (r *upscaleReport) table() {
	column := 0
	for _, row := range r.failures {
		column = max(column, min(60, uniseg.StringWidth(printable(row.input))))
	}
	for _, row := range r.failures {
		text := row.reason
		if row.input != "" {
			padding := strings.Repeat(" ", max(0, column-uniseg.StringWidth(printable(row.input))))
			text = row.input + ": " + padding + row.reason
		}
		_, _ = fmt.Fprintf(r.std.err, "classsr: %s\n", printable(text))
	}
	r.failures = nil
}

// summaryText is the last line of a run.
func summaryText(s pipeline.Summary) string {
	return fmt.Sprintf("%d done, %s, %d failed in %.1f s, %s megapixels", s.Done, skippedText(s), s.Failed, s.Seconds, rate(s.Megapixels))
}

// speedText is how fast a run was, if it did something.
func speedText(s pipeline.Summary) string {
	if s.Done == 0 || s.Seconds <= 0 {
		return ""
	}
	return fmt.Sprintf(" (%s MP/s)", rate(s.Megapixels/s.Seconds))
}

// skippedText says how many pictures were skipped.
func skippedText(s pipeline.Summary) string {
	text := fmt.Sprintf("%d skipped", s.Skipped)
	if s.DoneBefore > 0 {
		text += fmt.Sprintf(" (%d done before)", s.DoneBefore)
	}
	return text
}

// print prints a JSON object if that was asked for.
func (r *upscaleReport) print(v any) error {
	if !r.json {
		return nil
	}
	return json.NewEncoder(r.std.out).Encode(v)
}
