package vulkan

// Failing is options with which calls fail, for tests of what uses this package: fail is asked before each call that has a result what it gives
// (a VkResult below 0) in place of being made; 0 has it made.
func Failing(o Options, fail func(call string) int32) Options {
	o.fail = func(call string) result { return result(fail(call)) }
	return o
}
