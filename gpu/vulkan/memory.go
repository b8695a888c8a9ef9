package vulkan

import (
	"runtime"
	"slices"
)

// heap gives the largest heap of the device's own, or the largest if it has none.
func (m *physicalDeviceMemoryProperties2) heap() memoryHeap {
	return m.memoryHeaps[m.heapIndex()]
}

func (m *physicalDeviceMemoryProperties2) heapIndex() int {
	best, own := 0, false
	for h := range int(min(m.memoryHeapCount, maxMemoryHeaps)) {
		local := m.memoryHeaps[h].flags&memoryDeviceLocal != 0 // VK_MEMORY_HEAP_DEVICE_LOCAL_BIT has the same value
		if local && !own || local == own && m.memoryHeaps[h].size > m.memoryHeaps[best].size {
			best, own = h, local
		}
	}
	return best
}

// memoryOf asks for a device's memory, and for what this process may still take of its largest heap; 0 where that is not known.
func (i *Instance) memoryOf(p *physicalDevice) (m physicalDeviceMemoryProperties2, free int64) {
	var pin runtime.Pinner
	defer pin.Unpin()
	var budget memoryBudgetProperties
	var next uintptr
	if p.extensions["VK_EXT_memory_budget"] {
		chain(&pin, &next, &budget, &budget.header, typeMemoryBudgetProperties)
	}
	all := &physicalDeviceMemoryProperties2{header: header{sType: typePhysicalDeviceMemoryProps2, pNext: next}}
	i.calls.tell(getPhysicalDeviceMemoryProperties2, p.handle, at(&pin, all))
	all.memoryTypeCount = min(all.memoryTypeCount, maxMemoryTypes)
	h := all.heapIndex()
	if all.memoryHeaps[h].size > 0 && budget.heapBudget[h] > budget.heapUsage[h] {
		free = int64(min(budget.heapBudget[h]-budget.heapUsage[h], all.memoryHeaps[h].size))
	}
	return *all, free
}

// BufferKind says where a buffer lies, and who uses it.
type BufferKind int

// The kinds of buffers.
const (
	Local    BufferKind = iota // in the device's memory; the processor does not see it
	Upload                     // written by the processor, read by the device
	Download                   // written by the device, read by the processor
)

// types lists the types of memory that a buffer of a kind may have, the best first. allowed has a bit for each.
func (m *physicalDeviceMemoryProperties2) types(k BufferKind, allowed uint32) []uint32 {
	needs, likes, dislikes := uint32(memoryHostVisible|memoryHostCoherent), uint32(0), uint32(0)
	switch k {
	case Local:
		needs, dislikes = memoryDeviceLocal, memoryHostVisible
	case Upload:
		dislikes = memoryDeviceLocal | memoryHostCached
	case Download:
		likes, dislikes = memoryHostCached, memoryDeviceLocal
	}
	var fit []uint32
	for t := range m.memoryTypeCount {
		flags := m.memoryTypes[t].propertyFlags
		if allowed>>t&1 == 1 && flags&needs == needs && flags&^memoryPlain == 0 && m.memoryTypes[t].heapIndex < maxMemoryHeaps {
			fit = append(fit, t)
		}
	}
	worth := func(t uint32) int {
		flags := m.memoryTypes[t].propertyFlags
		score := 0
		if k == Local && int(m.memoryTypes[t].heapIndex) == m.heapIndex() {
			score += 4
		}
		if flags&likes == likes {
			score += 2
		}
		if flags&dislikes == 0 {
			score++
		}
		return score
	}
	slices.SortStableFunc(fit, func(a, b uint32) int { return worth(b) - worth(a) })
	return fit
}
