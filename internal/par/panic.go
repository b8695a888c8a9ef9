package par

import (
	"fmt"
	"runtime/debug"
)

// Panic is a panic on another goroutine, as it is passed on to the one that waits for it.
type Panic struct {
	Value any    // what was panicked with
	Stack []byte // of the goroutine that panicked
}

// caught makes a Panic of a recovered value. It is called while the goroutine's stack is still that of the panic. A Panic that was
// passed on already keeps the stack that tells where it began.
func caught(value any) *Panic {
	if p, ok := value.(*Panic); ok {
		return p
	}
	return &Panic{value, debug.Stack()}
}

// Error gives the value and the stack.
func (p *Panic) Error() string {
	return fmt.Sprintf("%v\n\nof another goroutine:\n%s", p.Value, p.Stack)
}

// Unwrap gives the value if it is an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}
