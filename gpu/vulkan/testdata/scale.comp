#version 450
// to[i] = from[i] * factor + addend, for as many as there are
layout(local_size_x = 64) in;
layout(constant_id = 0) const uint factor = 1;
layout(push_constant) uniform Push { uint addend; uint count; };
layout(binding = 0) writeonly buffer To { uint to[]; };
layout(binding = 1) readonly buffer From { uint from[]; };
void main() {
	uint i = gl_GlobalInvocationID.x;
	if (i < count) to[i] = from[i] * factor + addend;
}
