package vulkan

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"classsr/fault"
	"classsr/internal/atomicfile"
	"classsr/internal/regular"
)

// pipelineCache is what the driver keeps of compiled pipelines, so that they need not be compiled again.
type pipelineCache struct {
	handle  uint64
	path    string // empty: it is not kept
	changed bool
}

// A file of it is this line, the SHA-256 of the rest, and the rest, which is what the driver gave. A driver believes what it is given, so
// whatever is not as it was written is not given to it.
const (
	cacheTitle  = "classsr pipelines 1\n"
	cacheHeader = len(cacheTitle) + sha256.Size
	mostOfCache = 64 << 20
)

// openCache makes the cache, with what is in the folder if that is this device's.
func (d *Device) openCache(folder string) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	info := pipelineCacheCreateInfo{header: header{sType: typePipelineCacheCreateInfo}}
	if folder != "" {
		d.cache.path = filepath.Join(folder, "vulkan-"+hex.EncodeToString(d.physical.cacheUUID[:])+".pipelines")
		data := d.kept()
		info.initialDataSize, info.pInitialData = uint64(len(data)), list(&pin, data)
	}
	var handle uint64
	err := d.calls.do(createPipelineCache, d.handle, at(&pin, &info), 0, at(&pin, &handle))
	d.cache.handle = handle
	return d.note(err)
}

// kept gives what was kept of this device's pipelines; nothing if there is nothing, or it cannot be believed.
func (d *Device) kept() []byte {
	f, err := regular.Open(d.cache.path)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }() // it was read only
	content, err := io.ReadAll(io.LimitReader(f, mostOfCache+1))
	if err != nil || len(content) < cacheHeader || len(content) > mostOfCache || string(content[:len(cacheTitle)]) != cacheTitle {
		return nil
	}
	data := content[cacheHeader:]
	if sum := sha256.Sum256(data); !bytes.Equal(sum[:], content[len(cacheTitle):cacheHeader]) || !d.owns(data) {
		return nil
	}
	return data
}

// owns tells whether data begin as the device's do (VkPipelineCacheHeaderVersionOne).
func (d *Device) owns(data []byte) bool {
	const headerBytes, versionOne = 32, 1
	var want []byte
	for _, v := range []uint32{headerBytes, versionOne, d.physical.info.Vendor, d.physical.info.Device} {
		want = binary.LittleEndian.AppendUint32(want, v)
	}
	return bytes.HasPrefix(data, append(want, d.physical.cacheUUID[:]...))
}

// SaveCache keeps compiled pipelines in DeviceOptions.CacheDir, which it makes, if some came. Close does it, too; a process that may be killed
// does it when it has made its pipelines. Two processes at once do no harm: one's remain.
func (d *Device) SaveCache() error {
	d.mu.Lock()
	changed, path := d.cache.changed, d.cache.path
	d.cache.changed = false
	d.mu.Unlock()
	if !changed || path == "" || d.cache.handle == 0 {
		return nil
	}
	data, err := d.cacheData()
	if err != nil || !d.owns(data) || cacheHeader+len(data) > mostOfCache {
		return err
	}
	const onlyUser = 0o700
	if err := os.MkdirAll(filepath.Dir(path), onlyUser); err != nil {
		return fault.Default(fault.Unavailable, err)
	}
	return atomicfile.WritePrivate(path, sealed(data))
}

// sealed gives the file's content for what the driver gave.
func sealed(data []byte) []byte {
	sum := sha256.Sum256(data)
	return append(append([]byte(cacheTitle), sum[:]...), data...)
}

func (d *Device) cacheData() ([]byte, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	var size uint64
	if err := d.calls.do(getPipelineCacheData, d.handle, uintptr(d.cache.handle), at(&pin, &size), 0); err != nil {
		return nil, d.note(err)
	}
	if size == 0 || size > mostOfCache {
		return nil, nil
	}
	data := make([]byte, size)
	if err := d.calls.do(getPipelineCacheData, d.handle, uintptr(d.cache.handle), at(&pin, &size), list(&pin, data)); err != nil {
		return nil, d.note(err)
	}
	return data[:min(size, uint64(len(data)))], nil
}

func (c *pipelineCache) destroy(d *Device) {
	if c.handle != 0 {
		d.calls.tell(destroyPipelineCache, d.handle, uintptr(c.handle), 0)
	}
	c.handle = 0
}
