package vulkan

import "fmt"

// Kind is what a device is.
type Kind int

// The kinds of devices.
const (
	Other Kind = iota
	Integrated
	Discrete
	Virtual
	CPU // a driver that computes on the processor
)

func (k Kind) String() string {
	if k < Other || k > CPU {
		return "other"
	}
	return [...]string{"other", "integrated", "discrete", "virtual", "cpu"}[k]
}

// Info is what is known of a device.
type Info struct {
	Name           string
	Driver         string // its name and version
	Vendor, Device uint32
	UUID           [16]byte // of the device; Vulkan's, which lasts
	API            uint32   // version: major<<22 | minor<<12 | patch
	Kind           Kind
	Heap           int64 // bytes of the largest memory that is the device's own
	Free           int64 // of it, that this process may have now; 0 if the driver does not tell
	MaxBuffer      int64 // bytes of a buffer that shaders can use
	Subgroup       int   // threads of a subgroup
	SharedMemory   int   // bytes, of a workgroup
	MaxInvocations int   // threads of a workgroup
	Float16, Int8  bool  // arithmetic
	Storage16      bool  // 16-bit numbers in buffers
	Storage8       bool
	Cooperative    bool // matrices that a subgroup multiplies together

	family    int      // of the queue; -1: there is none that computes
	timestamp float64  // nanoseconds of a tick; 0: there is no clock
	alignment int64    // of what shaders see of a buffer
	cacheUUID [16]byte // of pipelines that were made
	memory    memoryProperties2
	extension []string // that are there
}

// Extensions that are asked for.
const (
	portabilityEnumeration = "VK_KHR_portability_enumeration"
	enumeratePortability   = 1
	portabilitySubset      = "VK_KHR_portability_subset"
	debugUtils             = "VK_EXT_debug_utils"
	memoryBudgetExtension  = "VK_EXT_memory_budget"
	driverExtension        = "VK_KHR_driver_properties"
	float16Extension       = "VK_KHR_shader_float16_int8"
	storage8Extension      = "VK_KHR_8bit_storage"
	cooperativeExtension   = "VK_KHR_cooperative_matrix"
	validationLayer        = "VK_LAYER_KHRONOS_validation"
)

// describe asks a device what it is.
func (i *Instance) describe(physical uintptr) Info {
	var m memory
	defer m.Unpin()
	info := Info{family: -1, extension: i.procs.extensions(&m, physical)}
	i.properties(&m, physical, &info)
	i.features(&m, physical, &info)
	i.memoryOf(&m, physical, &info)
	i.queues(&m, physical, &info)
	return info
}

func (info *Info) has(extension string) bool {
	for _, e := range info.extension {
		if e == extension {
			return true
		}
	}
	return false
}

func (i *Instance) properties(m *memory, physical uintptr, info *Info) {
	subgroup := &subgroupProperties{sType: typeSubgroupProperties}
	most := &maintenance3Properties{sType: typeMaintenance3Properties, next: pin(m, subgroup)}
	id := &idProperties{sType: typeIDProperties, next: pin(m, most)}
	driver := &driverProperties{sType: typeDriverProperties}
	if info.has(driverExtension) {
		subgroup.next = pin(m, driver)
	}
	all := &properties2{sType: typeProperties2, next: pin(m, id)}
	i.procs.void(getProperties2, physical, pin(m, all))
	p := &all.properties
	info.Name, info.Vendor, info.Device, info.API, info.UUID, info.cacheUUID = textOf(p.name[:]), p.vendor, p.device, p.api, id.deviceUUID, p.cacheUUID
	info.Driver = fmt.Sprintf("%d.%d.%d", p.driver>>22, p.driver>>12&0x3ff, p.driver&0xfff)
	if name := textOf(driver.name[:]); name != "" {
		info.Driver = name + " " + textOf(driver.info[:])
	}
	if p.kind <= uint32(CPU) {
		info.Kind = Kind(p.kind)
	}
	info.Subgroup, info.SharedMemory, info.MaxInvocations = int(subgroup.size), int(p.limits.sharedMemory), int(p.limits.maxInvocations)
	info.MaxBuffer = int64(min(uint64(p.limits.maxStorageRange), max(most.maxAllocation, 1<<30)))
	info.timestamp, info.alignment = float64(p.limits.timestampPeriod), int64(max(p.limits.minStorageOffset, 16))
}

// features chains what each feature is asked for by, and gives the first.
func (info *Info) chain(m *memory, storage16 *storage16Features, storage8 *storage8Features, float16 *float16Features, cooperative *cooperativeFeatures) uintptr {
	*storage16 = storage16Features{sType: typeStorage16Features, storage: storage16.storage}
	next := &storage16.next
	if info.has(storage8Extension) {
		storage8.sType = typeStorage8Features
		*next, next = pin(m, storage8), &storage8.next
	}
	if info.has(float16Extension) {
		float16.sType = typeFloat16Features
		*next, next = pin(m, float16), &float16.next
	}
	if info.has(cooperativeExtension) && cooperative != nil {
		cooperative.sType = typeCooperativeFeatures
		*next = pin(m, cooperative)
	}
	return pin(m, storage16)
}

func (i *Instance) features(m *memory, physical uintptr, info *Info) {
	storage16, storage8, float16, cooperative := &storage16Features{}, &storage8Features{}, &float16Features{}, &cooperativeFeatures{}
	all := &features2{sType: typeFeatures2, next: info.chain(m, storage16, storage8, float16, cooperative)}
	i.procs.void(getFeatures2, physical, pin(m, all))
	info.Storage16, info.Storage8 = storage16.storage != 0, storage8.storage != 0
	info.Float16, info.Int8, info.Cooperative = float16.float16 != 0, float16.int8 != 0, cooperative.matrix != 0
}

const heapDeviceLocal = 1 // flags of heaps

func (i *Instance) memoryOf(m *memory, physical uintptr, info *Info) {
	budget := &memoryBudget{sType: typeMemoryBudget}
	all := &memoryProperties2{sType: typeMemoryProperties2}
	told := info.has(memoryBudgetExtension)
	if told {
		all.next = pin(m, budget)
	}
	i.procs.void(getMemoryProperties2, physical, pin(m, all))
	all.next = 0
	info.memory = *all
	for h, heap := range all.heaps[:min(all.heapCount, uint32(len(all.heaps)))] {
		if heap.flags&heapDeviceLocal == 0 || int64(heap.size) <= info.Heap {
			continue
		}
		info.Heap, info.Free = int64(heap.size), 0
		if told && budget.budget[h] > budget.usage[h] {
			info.Free = int64(budget.budget[h] - budget.usage[h])
		}
	}
}

// queues finds a family of queues that compute, best one that does nothing else, which others leave alone.
func (i *Instance) queues(m *memory, physical uintptr, info *Info) {
	const graphics, compute = 1, 2
	count := new(uint32)
	i.procs.void(getQueueFamilies, physical, pin(m, count), 0)
	if *count == 0 {
		return
	}
	families := make([]queueFamily, *count)
	i.procs.void(getQueueFamilies, physical, pin(m, count), pin(m, &families[0]))
	for f, family := range families[:min(int(*count), len(families))] {
		if family.flags&compute == 0 || family.count == 0 {
			continue
		}
		if info.family < 0 || family.flags&graphics == 0 && families[info.family].flags&graphics != 0 {
			info.family = f
		}
	}
	if info.family >= 0 && families[info.family].timestampBits == 0 {
		info.timestamp = 0
	}
}
