package vulkan

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"

	"classsr/internal/atomicfile"
)

// Pipelines are kept in a file for each device and driver: a SHA-256 of what follows, and what the driver gave. Drivers check what they are given, but not all
// do so well; so what is damaged, or of another driver, is not handed to them.

// mostCache is how large a file may be.
const mostCache = 256 << 20

func (d *Device) cachePath() string {
	id := sha256.New()
	id.Write(d.info.cacheUUID[:])
	id.Write([]byte(d.info.Name + d.info.Driver))
	return filepath.Join(d.cacheDir, "pipelines-"+hex.EncodeToString(id.Sum(nil)[:8]))
}

// openCache makes the cache, with what was kept.
func (d *Device) openCache() error {
	var m memory
	defer m.Unpin()
	info := &pipelineCacheCreateInfo{sType: typePipelineCacheCreateInfo}
	if kept := d.kept(); len(kept) > 0 {
		info.size, info.data = uint64(len(kept)), pin(&m, &kept[0])
	}
	return d.procs.do(createPipelineCache, d.handle, pin(&m, info), 0, pin(&m, &d.cache))
}

// kept reads what was kept; nil if there is nothing that can be used.
func (d *Device) kept() []byte {
	if d.cacheDir == "" {
		return nil
	}
	if i, err := os.Stat(d.cachePath()); err != nil || i.Size() > mostCache {
		return nil
	}
	data, err := os.ReadFile(d.cachePath())
	if err != nil || len(data) < sha256.Size {
		return nil
	}
	sum, data := data[:sha256.Size], data[sha256.Size:]
	const header = 32 // length, version, vendor, device, UUID
	if own := sha256.Sum256(data); !bytes.Equal(own[:], sum) || len(data) < header ||
		binary.NativeEndian.Uint32(data[8:]) != d.info.Vendor || binary.NativeEndian.Uint32(data[12:]) != d.info.Device ||
		!bytes.Equal(data[16:header], d.info.cacheUUID[:]) {
		return nil
	}
	return data
}

// closeCache keeps what there is, if that is more than before, and ends the cache. What cannot be kept is made again.
func (d *Device) closeCache() {
	if d.cache == 0 {
		return
	}
	defer func() {
		d.procs.void(destroyPipelineCache, d.handle, d.cache, 0)
		d.cache = 0
	}()
	if d.cacheDir == "" || len(d.pipelines) == 0 {
		return
	}
	var m memory
	defer m.Unpin()
	size := new(uint64)
	if err := d.procs.do(getPipelineCacheData, d.handle, d.cache, pin(&m, size), 0); err != nil || *size == 0 || *size > mostCache-sha256.Size {
		return
	}
	data := make([]byte, sha256.Size+int(*size))
	if err := d.procs.do(getPipelineCacheData, d.handle, d.cache, pin(&m, size), pin(&m, &data[sha256.Size])); err != nil {
		return
	}
	data = data[:sha256.Size+min(int(*size), len(data)-sha256.Size)]
	sum := sha256.Sum256(data[sha256.Size:])
	copy(data, sum[:])
	if old, err := os.ReadFile(d.cachePath()); err == nil && bytes.Equal(old, data) {
		return
	}
	if err := os.MkdirAll(d.cacheDir, 0o700); err != nil {
		return
	}
	_ = atomicfile.WritePrivate(d.cachePath(), data) // it is made again
}
