package vulkan

import (
	"slices"
	"sync"

	"github.com/ebitengine/purego"
)

// messages are what the validation layer said.
type messages struct {
	mu     sync.Mutex
	texts  []string
	handle uintptr
}

// listening are the messages of instances, by the number that the layer gives back. Callbacks cannot be freed, so there is one for all.
var listening struct {
	sync.Mutex
	all      []*messages
	callback uintptr
}

// listen has the layer tell its warnings and errors.
func (i *Instance) listen(m *memory) error {
	const warning, failure, all = 0x100, 0x1000, 7
	i.messages = &messages{}
	listening.Lock()
	if listening.callback == 0 {
		listening.callback = purego.NewCallback(heard)
	}
	listening.all = append(listening.all, i.messages)
	number := len(listening.all) // from 1 on
	callback := listening.callback
	listening.Unlock()
	info := &messengerCreateInfo{
		sType: typeMessengerCreateInfo, severities: warning | failure, types: all, callback: callback, userData: uintptr(number),
	}
	return i.procs.do(createMessenger, i.handle, pin(m, info), 0, pin(m, &i.messages.handle))
}

// heard is called by the layer.
func heard(_, _ uintptr, data, number uintptr) uintptr {
	listening.Lock()
	to := listening.all[number-1]
	listening.Unlock()
	to.mu.Lock()
	defer to.mu.Unlock()
	to.texts = append(to.texts, textAt((*messageData)(foreign(data)).message))
	return 0
}

func (i *Instance) unlisten() {
	if i.messages != nil && i.messages.handle != 0 {
		i.procs.void(destroyMessenger, i.handle, i.messages.handle, 0)
		i.messages.handle = 0
	}
}

// Messages are the warnings and errors of the validation layer so far.
func (i *Instance) Messages() []string {
	if i.messages == nil {
		return nil
	}
	i.messages.mu.Lock()
	defer i.messages.mu.Unlock()
	return slices.Clone(i.messages.texts)
}
