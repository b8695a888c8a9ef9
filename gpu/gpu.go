// Package gpu has bands of pictures computed by GPUs. What knows them is another program, the helper (cmd/classsr-gpu): a driver that crashes, hangs
// or takes memory harms that one only. This package starts it, speaks with it (package link), tests a device before it is used for the first time,
// remembers what came of that, and ends it when it does not answer.
//
//	d, err := gpu.Open(ctx, gpu.Options{Version: version})   // err says why there is none
//	...
//	defer d.Close()
//	infer.Options{Device: d}
//
// A Device never fails a picture: package infer computes with the processor what a device does not.
package gpu

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/semaphore"

	"classsr/fault"
	"classsr/gpu/link"
	"classsr/weights"
)

// Options say which helper and which device are used.
type Options struct {
	// Version is the product's. A helper of another one is refused.
	Version string
	// Start starts the helper; nil starts what Find finds.
	Start func() (*link.Process, error)
	// Folder is where is remembered what came of tests, and what drivers make of shaders; empty for nowhere.
	Folder string
	// Memory bounds what is used of the device's memory, in bytes; 0 stands for nine tenths of what is free.
	Memory int64
	// Half has values kept as 16-bit floating-point numbers where the device can, and convolutions computed as products of matrices where it
	// has these, is right with them, and faster.
	Half bool
	// Faster takes no device in the processor, such as llvmpipe: it is never faster than the processor itself.
	Faster bool
	// Testing, if not nil, is told the name of a device before it is tested, which may take long.
	Testing func(name string)
	// Again tests the device whatever is remembered.
	Again bool
	// Limits are how long the helper may take; zero fields stand for what is usual.
	Limits Limits
}

func (o Options) limits() Limits {
	u := usualLimits
	return Limits{cmp.Or(o.Limits.Hello, u.Hello), cmp.Or(o.Limits.Open, u.Open), cmp.Or(o.Limits.Load, u.Load), cmp.Or(o.Limits.Band, u.Band)}
}

// start starts a helper and says hello.
func (o Options) start() (*client, error) {
	start := o.Start
	if start == nil {
		path, err := Find()
		if err != nil {
			return nil, err
		}
		start = func() (*link.Process, error) { return StartProgram(path) }
	}
	p, err := start()
	if err != nil {
		return nil, err
	}
	return connect(p, o.Version, o.limits())
}

// Device is a GPU that has passed its test. It is safe for concurrent use. After a crash of the helper the next picture starts it again, a few times.
type Device struct {
	options Options
	info    link.Device
	memory  int64
	room    *semaphore.Weighted // of the memory
	memoir  memoir
	speed   Speed
	// matrices has the helper compute with products of matrices. It is set before the device is used by more than one goroutine.
	matrices bool

	mu     sync.Mutex // guards what follows
	client *client    // nil if none runs
	models []*Model   // the last used one last
	losses int        // of helpers, or of the device
	never  error      // it is not used any more
}

const (
	// mostLosses is how often the helper is started again.
	mostLosses = 3
	// mostModels is how many models stay on the device.
	mostModels = 4
)

// Devices lists what there is, and what is known of it. An error says why there is no helper, or no Vulkan.
func Devices(ctx context.Context, o Options) ([]Known, error) {
	c, err := o.start()
	if err != nil {
		return nil, err
	}
	defer c.close()
	all, err := list(ctx, c)
	if err != nil {
		return nil, err
	}
	var known []Known
	m := memoir{o.Folder}
	for _, d := range all {
		v, tested := m.verdict(keyOf(d, o))
		known = append(known, Known{Device: d, Tested: tested, Verdict: v})
	}
	return known, nil
}

// InProcessor is the kind of devices that compute on the processor, such as llvmpipe.
const InProcessor = "cpu"

// Known is a device and what came of its test.
type Known struct {
	link.Device
	Tested  bool    `json:"tested"`
	Verdict Verdict `json:"verdict"`
}

// list asks for the devices, the best ones first.
func list(ctx context.Context, c *client) ([]link.Device, error) {
	reply, err := c.call(ctx, c.limits.Open, "list devices", &link.Request{List: true})
	if err != nil {
		return nil, err
	}
	kinds := []string{"discrete", "integrated", "virtual", "other", InProcessor}
	rank := func(d link.Device) int {
		if i := slices.Index(kinds, d.Kind); i >= 0 {
			return i
		}
		return len(kinds)
	}
	slices.SortStableFunc(reply.Devices, func(a, b link.Device) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.Memory, a.Memory))
	})
	return reply.Devices, nil
}

// Open starts the helper and takes the best device: one of its own before one in the processor, the one with most memory among equals. It is tested
// if that is not remembered, which takes some seconds. An error, mostly of kind fault.Unavailable or fault.NotFound, says in one line why there is none.
func Open(ctx context.Context, o Options) (*Device, error) {
	c, err := o.start()
	if err != nil {
		return nil, fault.Default(fault.Unavailable, err)
	}
	d, err := open(ctx, c, o)
	if err != nil {
		c.close()
		return nil, fault.Default(fault.Unavailable, err)
	}
	if err := d.test(ctx); err != nil {
		d.Close()
		return nil, fault.Default(fault.Unavailable, err)
	}
	return d, nil
}

// open opens the best device, which is not tested yet.
func open(ctx context.Context, c *client, o Options) (*Device, error) {
	all, err := list(ctx, c)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: Vulkan knows no device here", link.ErrUnavailable)
	}
	if o.Faster && all[0].Kind == InProcessor {
		return nil, fmt.Errorf("%w: %s is the processor itself", link.ErrUnavailable, all[0].Name)
	}
	d := &Device{options: o, info: all[0], client: c, memoir: memoir{o.Folder}}
	v, _ := d.remembered()
	d.matrices = v.Matrices
	if err := d.begin(ctx, c); err != nil {
		return nil, err
	}
	d.memory = o.Memory
	if free := cmp.Or(d.info.Free, d.info.Memory) / 10 * 9; d.memory <= 0 || d.memory > free {
		d.memory = free
	}
	d.room = semaphore.NewWeighted(max(d.memory, 1))
	return d, nil
}

// begin opens the device in a helper.
func (d *Device) begin(ctx context.Context, c *client) error {
	if d.info.Kind == InProcessor {
		const slower = 3 // it has to compile what it runs, and shares its cores with all else
		c.limits.Load, c.limits.Band = slower*c.limits.Load, slower*c.limits.Band
	}
	o := &link.Open{Index: d.info.Index, Half: d.options.Half, Matrices: d.matrices, CacheDir: d.options.Folder}
	_, err := c.call(ctx, c.limits.Open, "open the device", &link.Request{Open: o})
	return err
}

// Name is the device's name.
func (d *Device) Name() string { return d.info.Name }

// What numbers a device keeps and multiplies.
const (
	Float32 = "float32"
	Float16 = "float16"
)

// Precision is Float16 if that is asked for and the device has it, else Float32.
func (d *Device) Precision() string {
	if d.options.Half && d.info.Half {
		return Float16
	}
	return Float32
}

// Info describes the device.
func (d *Device) Info() link.Device { return d.info }

// Memory is what a picture may take of the device's memory, in bytes: half of what may be used, so that two can be enlarged at a time.
func (d *Device) Memory() int64 { return d.memory / 2 }

// Usable returns why the device is not used any more, or nil.
func (d *Device) Usable() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.never
}

// Distrust says that the device has computed something wrong. It is not used any more: in this process never, in others not before its driver or the program is another one.
func (d *Device) Distrust(reason string) {
	Remember(d.options, d.info, Verdict{Reason: reason})
	d.giveUp(fmt.Errorf("%w: %s", link.ErrUnavailable, reason))
}

// giveUp ends all work with the device.
func (d *Device) giveUp(why error) {
	d.mu.Lock()
	if d.never == nil {
		d.never = why
	}
	c := d.client
	d.client, d.models = nil, nil
	d.mu.Unlock()
	if c != nil {
		c.close()
	}
}

// Close ends the helper. What is still under way ends with link.ErrLost.
func (d *Device) Close() { d.giveUp(fmt.Errorf("%w: the device was closed", link.ErrLost)) }

// connected gives the helper, which is started again if it has ended. d.mu is held.
func (d *Device) connected(ctx context.Context) (*client, error) {
	if d.never != nil {
		return nil, d.never
	}
	if d.client != nil && d.client.reason() == nil {
		return d.client, nil
	}
	if d.client != nil {
		d.losses++
	}
	if d.losses >= mostLosses {
		d.never = fmt.Errorf("%w: not used any more after %d failures, the last of which was: %w", link.ErrUnavailable, d.losses, d.client.reason())
		return nil, d.never
	}
	d.client, d.models = nil, nil
	c, err := d.options.start()
	if err == nil {
		if err = d.begin(ctx, c); err == nil {
			d.client = c
			return c, nil
		}
		c.close()
	}
	d.losses++
	return nil, err
}

// lost notes that the device is lost for all who use this helper.
func (c *client) lost(err error) {
	if errors.Is(err, link.ErrLost) {
		c.fail(err)
	}
}

// Load gives networks of one scale on the device, which are uploaded if they are not there. key stands for them, by ==. The Model must be released.
// It returns ctx's error if ctx is done, or one of package link.
func (d *Device) Load(ctx context.Context, key any, networks func() []weights.Network) (*Model, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, err := d.connected(ctx)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(d.models, func(m *Model) bool { return m.key == key }); i >= 0 {
		m := d.models[i]
		d.models = append(slices.Delete(d.models, i, i+1), m)
		m.users++
		return m, nil
	}
	for len(d.models) >= mostModels && d.unload(c) {
	}
	m := &Model{device: d, client: c, key: key, users: 1}
	if m.number, err = upload(ctx, c, networks(), d.speed.MACs); err != nil {
		c.lost(err)
		return nil, err
	}
	d.models = append(d.models, m)
	return m, nil
}

// unload removes the model that was not used for the longest time; false if all are in use. d.mu is held.
func (d *Device) unload(c *client) bool {
	i := slices.IndexFunc(d.models, func(m *Model) bool { return m.users == 0 })
	if i < 0 {
		return false
	}
	_, err := c.call(context.Background(), c.limits.Load, "unload a model", &link.Request{Unload: d.models[i].number})
	d.models = slices.Delete(d.models, i, i+1)
	return err == nil
}

// upload has networks loaded onto a device of that speed, and gives the model's number.
func upload(ctx context.Context, c *client, networks []weights.Network, speed float64) (int, error) {
	load := &link.Load{Speed: speed}
	bytes := int64(4) // not empty, even without parameters
	for _, n := range networks {
		load.Networks = append(load.Networks, link.Network{Spec: n.Spec, Offset: bytes})
		bytes += link.ParamsBytes(n.Spec)
	}
	r, number, err := c.region(ctx, bytes)
	if err != nil {
		return 0, err
	}
	defer c.drop(r, number)
	err = r.Guard(func() error {
		for i, n := range networks {
			at := load.Networks[i].Offset
			link.WriteParams(r.Bytes[at:][:link.ParamsBytes(n.Spec)], n)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	load.Region = number
	reply, err := c.call(ctx, c.limits.Load, "load a model", &link.Request{Load: load})
	if err != nil {
		return 0, err
	}
	return reply.Model, nil
}
