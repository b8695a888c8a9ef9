// Command classsr enlarges pictures with super-resolution networks, measures how well they do it, and converts their models.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"classsr/fault"
	"classsr/internal/atomicfile"
	"classsr/internal/kernel"
)

// Exit codes, as docs/cli.md has them.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// grace is how long work under way may take to stop after Ctrl-C.
const grace = 800 * time.Millisecond

// endsItself is set by commands that end by themselves after Ctrl-C, and need longer than grace for it: a run of training is saved first, a server has its jobs finished.
var endsItself atomic.Bool

// endsByItself has what would end the program at once only be ctx's end, or an error of what is written to: for commands that have something to clean up elsewhere then. That is a
// terminal that is closed, unless nohup said otherwise, and a pipe whose reader has ended. The caller calls stop.
func endsByItself(ctx context.Context) (_ context.Context, stop func()) {
	endsItself.Store(true)
	pipes := make(chan os.Signal, 1)
	signal.Notify(pipes, syscall.SIGPIPE) // nobody reads it: writing returns an error then
	if signal.Ignored(syscall.SIGHUP) {
		return ctx, func() { signal.Stop(pipes) }
	}
	ctx, hangups := signal.NotifyContext(ctx, syscall.SIGHUP)
	return ctx, func() {
		signal.Stop(pipes)
		hangups()
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		time.Sleep(grace)
		stop() // from here on a second Ctrl-C ends the program at once
		if endsItself.Load() {
			return
		}
		atomicfile.Abandon()
		streams{err: os.Stderr}.report(errInterrupted)
		os.Exit(exitFailed)
	}()
	os.Exit(Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// streams are what a command reads and writes: results go to out, everything else to err.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// usagef makes an error of the command line, to be answered with exit code 2.
func usagef(format string, args ...any) error { return fault.New(fault.Usage, format, args...) }

var errInterrupted = errors.New("interrupted")

// errReported says that something failed and was reported when it did.
var errReported = errors.New("failed")

// Run runs the program with these arguments and returns its exit code.
func Run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	std := streams{in, out, errOut}
	root := newRoot(std)
	started := false
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		started = true
		if _, err := kernel.Select(); err != nil {
			return fault.As(fault.Usage, err)
		}
		return nil
	}
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errReported):
		return exitFailed
	case ctx.Err() != nil || errors.Is(err, context.Canceled): // by a terminal that was closed, too
		std.report(errInterrupted)
		return exitFailed
	case fault.KindOf(err) == fault.Usage || !started: // cobra found the arguments wrong before any command ran
		std.report(errors.New(usageText(err)))
		return exitUsage
	}
	std.report(err)
	return exitFailed
}

// report writes an error as one line.
func (s streams) report(err error) {
	_, _ = fmt.Fprintf(s.err, "classsr: %s\n", printable(err.Error()))
}

// note writes a remark that is not an error.
func (s streams) note(format string, args ...any) {
	_, _ = fmt.Fprintln(s.err, printable(fmt.Sprintf(format, args...)))
}

// printable keeps control characters in names of files and models from the terminal, and those that turn the direction of text, which make
// a name look like another.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// developers add commands to the program that releases do not have (documentation.go).
var developers []func(root *cobra.Command)

func newRoot(std streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "classsr",
		Short: "Enlarge pictures with neural networks, on ordinary machines",
		Long: "classsr enlarges photos, scans, maps and video frames with super-resolution networks.\n" +
			"It needs no GPU, no Python and no download: trained models are inside. A GPU is used if that is asked for (--device).",
		Example: "  classsr upscale photo.jpg                 # writes photo_x4.png\n" +
			"  classsr upscale -s 2 -o large/ scans/     # a folder, twice as large\n" +
			"  classsr eval -m carn-m-x4 --hr Set5/HR    # PSNR and SSIM",
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(flagError)
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	root.AddCommand(newUpscale(std), newVideo(std), newPlan(std), newEval(std), newModels(std), newCompare(), newConvert(std), newPrepare(std), newTrain(std), newCalibrate(std),
		newBench(std), newServe(std), newWorker(std), newCluster(std), newDoctor(std), newDevices(std), newToken(std), newVersion(std))
	for _, add := range developers {
		add(root)
	}
	return root
}
