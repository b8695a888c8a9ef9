#version 450
// A convolution whose channels do not see each other. Weights are quads, tap by tap, of each quad of channels; its sources have their quads
// one after the other, and so has its result.

#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "finish.glsl"

layout(local_size_x = 32, local_size_y = 4) in;

const int ROWS = 4;

void main() {
  ivec2 corner;
  if (!tileCorner(ivec2(32, 4 * ROWS), corner)) return;
  int oq = layer, q = oq, at = base + SOURCE;
  while (q >= p[at + VALUE]) {
    q -= p[at + VALUE];
    at += SOURCE_SIZE;
  }
  Value source = valueAt(at);
  int side = p[base + SIDE], stride = p[base + STRIDE], pad = p[base + PAD];
  int x = corner.x + int(gl_LocalInvocationID.x);
  for (int r = 0; r < ROWS; r++) {
    int y = corner.y + r * 4 + int(gl_LocalInvocationID.y);
    if (!inRegion(x, y)) return;
    vec4 sum = vec4(0);
    int w = p[base + WEIGHTS] + oq * side * side;
    for (int ky = 0; ky < side; ky++) {
      for (int kx = 0; kx < side; kx++) {
        sum = fma(readOrZero(source, q, x * stride - pad + kx, y * stride - pad + ky), vec4(weights[w++]), sum);
      }
    }
    finish(sum, oq, x, y);
  }
}
