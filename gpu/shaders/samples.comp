#version 450
// Turns a band of the result into samples, a word of four bytes a thread: planes of float32, or pixels of three samples, clamped to 0..1 and
// rounded half up to 8 or 16 bits. A NaN becomes 0 there. The result is what was blended, or with HALF a network's value of float16.

#extension GL_GOOGLE_include_directive : require
#ifdef HALF
#extension GL_EXT_shader_16bit_storage : require
#define QUAD f16vec4
#else
#define QUAD vec4
#endif

layout(local_size_x = 128) in;
layout(constant_id = 3) const int BITS = 32;

layout(binding = 0, std430) writeonly buffer Words { uint words[]; };
layout(binding = 1, std430) readonly buffer Result { QUAD result[]; };

layout(push_constant) uniform Push { uint pixels, from, to, groupsOfARow; float unit; };  // of the band; where they begin, and its words; workgroups along x; brings them to 0..1

float number(uint pixel, uint channel) { return vec4(result[from + pixel])[channel] * unit; }

// level rounds exactly: v times white, which is one less than a power of two, is the sum of t and e, and e is less than half of t's last bit.
uint level(float v, float white) {
  if (!(v > 0)) return 0;
  if (v >= 1) return uint(white);
  precise float more = v * (white + 1);
  precise float t = more - v;
  precise float e = (more - t) - v;
  float n = floor(t), rest = t - n;
  return uint(n) + (rest > 0.5 || rest == 0.5 && e >= 0 ? 1u : 0u);
}

void main() {
  uint i = (gl_WorkGroupID.y * groupsOfARow + gl_WorkGroupID.x) * 128 + gl_LocalInvocationID.x;
  if (BITS == 32) {
    if (i < 3 * pixels) words[to + i] = floatBitsToUint(number(i % pixels, i / pixels));
    return;
  }
  const uint perWord = 32 / BITS;
  const float white = BITS == 8 ? 255.0 : 65535.0;
  uint word = 0;
  for (uint k = 0; k < perWord; k++) {
    uint sample_ = i * perWord + k;
    if (sample_ < 3 * pixels) word |= level(number(sample_ / 3, sample_ % 3), white) << (BITS * k);
  }
  if (i * perWord < 3 * pixels) words[to + i] = word;
}
