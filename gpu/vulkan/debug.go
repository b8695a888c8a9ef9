package vulkan

import (
	"runtime"
	"slices"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// What the validation layer says comes by a callback from C. C knows a listener by a number, so that no pointer of Go's stays with it.

const (
	severityWarning, severityError = 0x100, 0x1000
	aboutValidation, aboutSpeed    = 2, 4
)

var listeners struct {
	sync.Mutex
	last     uintptr
	byNumber map[uintptr]func(string)
	callback uintptr // made once, since it cannot be taken back
}

// hear gives the number under which what is said comes to complain.
func hear(complain func(string)) uintptr {
	listeners.Lock()
	defer listeners.Unlock()
	if listeners.callback == 0 {
		listeners.callback = purego.NewCallback(said)
		listeners.byNumber = map[uintptr]func(string){}
	}
	listeners.last++
	listeners.byNumber[listeners.last] = complain
	return listeners.last
}

func unhear(number uintptr) {
	listeners.Lock()
	defer listeners.Unlock()
	delete(listeners.byNumber, number)
}

// said is PFN_vkDebugUtilsMessengerCallbackEXT. It gives 0: the call that it is about goes on.
func said(_, _ uint32, data *debugUtilsMessengerCallbackData, number uintptr) uintptr {
	listeners.Lock()
	complain := listeners.byNumber[number]
	listeners.Unlock()
	if complain != nil && data != nil {
		complain(cText(data.pMessage))
	}
	return 0
}

// cText copies a text of C's, at most 64 KiB of it.
func cText(p *byte) string {
	if p == nil {
		return ""
	}
	const most = 1 << 16
	n := 0
	for n < most && *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}

func (i *Instance) messengerInfo() *debugUtilsMessengerCreateInfo {
	return &debugUtilsMessengerCreateInfo{
		header:          header{sType: typeDebugUtilsMessengerCreateInfo},
		messageSeverity: severityWarning | severityError, messageType: aboutValidation | aboutSpeed,
		pfnUserCallback: listeners.callback, pUserData: i.complaint,
	}
}

// synchronizationValidation is what has the layer check barriers.
const synchronizationValidation = 4

// checkSynchronization has the layer check barriers. A driver that does one command after the other, as lavapipe, does not show that one is missing.
func checkSynchronization(pin *runtime.Pinner) *validationFeatures {
	enabled := uint32(synchronizationValidation)
	return &validationFeatures{
		header: header{sType: typeValidationFeatures}, enabledValidationFeatureCount: 1, pEnabledValidationFeatures: at(pin, &enabled),
	}
}

// hasValidation tells whether the layer is there, which then has the extension.
func (i *Instance) hasValidation() error {
	layers, err := enumerate[layerProperties](enumerateInstanceLayerProperties, mostLayers, func(count, items uintptr) Result {
		return i.calls.try(enumerateInstanceLayerProperties, count, items)
	})
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(layers, func(l layerProperties) bool { return goText(l.layerName[:]) == validationLayer }) {
		return unavailable("%s is not installed", validationLayer)
	}
	return nil
}

// listen has the layer's messages come to Options.Complain.
func (i *Instance) listen() error {
	if !i.calls.has(createDebugUtilsMessenger) || !i.calls.has(destroyDebugUtilsMessenger) {
		return unavailable("the driver has no %s", names[createDebugUtilsMessenger])
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	var messenger uint64
	err := i.calls.do(createDebugUtilsMessenger, i.handle, at(&pin, i.messengerInfo()), 0, at(&pin, &messenger))
	i.messenger = messenger
	return err
}
