// Command follow does to the letter what a document says: follow DOCUMENT.md...
//
// All blocks marked sh are given to one shell, in their order, in an empty folder. A block marked text that comes next is what the commands print, on either stream: numbers
// before " s", " ms" and " MB" may be others, and ... stands for anything. It fails with the first command that fails or prints something else. The environment is handed on.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// block is some commands, and what they print.
type block struct {
	commands, prints string
	shown            bool // what they print is said
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: follow DOCUMENT.md...")
		os.Exit(2)
	}
	for _, name := range os.Args[1:] {
		if err := followed(name); err != nil {
			fmt.Fprintf(os.Stderr, "follow: %s: %v\n", name, err)
			os.Exit(1)
		}
	}
}

func followed(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	blocks := find(string(text))
	if len(blocks) == 0 {
		return errors.New("there is no block marked sh")
	}
	folder, err := os.MkdirTemp("", "follow")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if err := run(blocks, folder); err != nil {
		return err
	}
	fmt.Printf("%s: %d blocks of commands work and print what it says\n", name, len(blocks))
	return nil
}

// find finds the blocks of a document.
func find(document string) []block {
	var blocks []block
	var mark string
	var lines []string
	for line := range strings.Lines(document) {
		kind, fence := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "```")
		switch {
		case !fence:
			lines = append(lines, line)
		case mark == "":
			mark, lines = kind+" ", nil // never empty within a block
		default:
			text := strings.Join(lines, "")
			switch {
			case mark == "sh ":
				blocks = append(blocks, block{commands: text})
			case mark == "text " && len(blocks) > 0 && !blocks[len(blocks)-1].shown:
				blocks[len(blocks)-1].prints, blocks[len(blocks)-1].shown = text, true
			}
			mark = ""
		}
	}
	return blocks
}

// ended is a line that the shell prints after each block.
const ended = "==== end of the block"

// run gives the blocks to a shell, one after the other.
func run(blocks []block, folder string) error {
	shell := exec.Command("bash", "-eu", "-o", "pipefail")
	shell.Dir = folder
	in, err := shell.StdinPipe()
	if err != nil {
		return err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = read.Close() }()
	shell.Stdout, shell.Stderr = write, write
	if err := shell.Start(); err != nil {
		return err
	}
	if err := write.Close(); err != nil {
		return err
	}
	lines := bufio.NewReader(read)
	for _, b := range blocks {
		// Commands read nothing of what comes after them.
		if _, err := fmt.Fprintf(in, "{\n%s\n} </dev/null\necho '%s'\n", b.commands, ended); err != nil {
			return err
		}
		printed, err := until(lines)
		if err != nil {
			_ = in.Close()
			return errors.Join(fmt.Errorf("failed:\n%s%s", b.commands, printed), shell.Wait())
		}
		if b.shown && !matches(b.prints, printed) {
			_ = in.Close()
			return errors.Join(fmt.Errorf("the commands\n%sprint\n%swhere it says\n%s", b.commands, printed, b.prints), shell.Wait())
		}
	}
	if err := in.Close(); err != nil {
		return err
	}
	return shell.Wait()
}

// until reads what a block prints.
func until(lines *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		line, err := lines.ReadString('\n')
		if before, ok := strings.CutSuffix(line, ended+"\n"); ok {
			b.WriteString(before)
			return b.String(), nil
		}
		b.WriteString(line)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return b.String(), err
		}
	}
}

var (
	figure = regexp.MustCompile(`[0-9]+(?:\\\.[0-9]+)?( (?:s|ms|MB|kB))\b`)
	spaces = regexp.MustCompile(`[ \t]+`)
)

// matches tells whether what was printed is what a document says. How many spaces stand between words does not matter.
func matches(says, printed string) bool {
	tidy := func(s string) string { return strings.TrimSpace(spaces.ReplaceAllString(s, " ")) }
	pattern := regexp.QuoteMeta(tidy(says))
	pattern = strings.ReplaceAll(pattern, `\.\.\.`, `(?s:.*)`)
	pattern = figure.ReplaceAllString(pattern, `[0-9.]+$1`)
	return regexp.MustCompile(`^` + pattern + `$`).MatchString(tidy(printed))
}
