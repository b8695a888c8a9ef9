#version 450
// A convolution as products of matrices that a subgroup's threads hold together, M x K times K x N: of M pixels side by side, K channels of
// the input and N of the result. Values are float16, sums float32. A workgroup makes 16x16 pixels of ACROSS times N channels. It goes
// through the input K channels at a time, which it copies to shared memory, pixel by pixel, so that a row of pixels is a matrix wherever a tap
// has moved it. What lies beyond a source's last channel is zeros there, and so are its weights. TAPS is what it is in conv.comp.
//
// It is written with GL_NV_cooperative_matrix, which the compiler knows; command translate makes VK_KHR_cooperative_matrix of it. For that M, N
// and K are three constants, even where they are equal: types are told apart by them.
//
// The sums of a pixel are taken in one order by all rows of a matrix, so cuts change no bit here either.

#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_NV_cooperative_matrix : require
#pragma use_vulkan_memory_model
#include "common.glsl"
#include "finish.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const int M = 16;         // a divisor of COLUMNS
layout(constant_id = 2) const int N = 16;
layout(constant_id = 3) const int K = 16;
layout(constant_id = 4) const int SUBGROUPS = 4;  // at most so many work; there may be more or fewer

layout(binding = 2, std430) restrict readonly buffer WeightNumbers { float16_t weightNumbers[]; };

const int COLUMNS = 16, ROWS = 16, STRIPS = 4;  // STRIPS is how many matrices of pixels a subgroup makes at a time
const int BLOCK_SIZE = 5;                       // numbers in p, as in conv.comp; weights begin at a quad
const int TILE_WIDTH = COLUMNS + TAPS - 1, TILE_PIXELS = TILE_WIDTH * (ROWS + TAPS - 1);
const int TILE_STRIDE = K + 8;  // numbers from a pixel to the next; 16 bytes more than they are, so that rows of a matrix lie in other banks

#define PIXELS fcoopmatNV<16, gl_ScopeSubgroup, M, K>
#define TAP fcoopmatNV<16, gl_ScopeSubgroup, K, N>
#define SUM fcoopmatNV<32, gl_ScopeSubgroup, M, N>

shared float16_t tile[TILE_PIXELS * TILE_STRIDE];
shared float stages[SUBGROUPS * M * N];

// copyTile copies n quads of a source, from quad q on.
void copyTile(Value source, int q, int n, ivec2 from, int stride) {
  for (int i = int(gl_LocalInvocationIndex); i < K / 4 * TILE_PIXELS; i += int(gl_WorkGroupSize.x)) {
    int c = i / TILE_PIXELS, at = i % TILE_PIXELS;
    int x = from.x + at % TILE_WIDTH * stride, y = from.y + at / TILE_WIDTH * stride;
    QUAD v = c < n && holds(source, x, y) ? values[place(source, q + c, x, y)] : QUAD(0);
    [[unroll]] for (int k = 0; k < 4; k++) tile[at * TILE_STRIDE + 4 * c + k] = v[k];
  }
}

void main() {
  ivec2 corner;
  if (!tileCorner(ivec2(COLUMNS, ROWS), corner)) return;  // all of the workgroup
  int block = p[base + BLOCKS] + BLOCK_SIZE * layer;
  int first = p[block], end = p[block + 1], firstQuad = p[block + 3], quads = p[block + 4];
  int side = TAPS > 1 ? 1 : p[base + SIDE], stride = TAPS > 1 ? 1 : p[base + STRIDE];
  int subgroups = min(int(gl_NumSubgroups), SUBGROUPS), subgroup = int(gl_SubgroupID), stage = subgroup * M * N;
  for (int done = 0; done < ROWS * COLUMNS / M; done += subgroups * STRIPS) {  // once, if there are as many subgroups as were asked for
    int strip = done + subgroup * STRIPS;
    bool works = subgroup < subgroups && strip < ROWS * COLUMNS / M;
    SUM sum[STRIPS * ACROSS];
    [[unroll]] for (int i = 0; i < STRIPS * ACROSS; i++) sum[i] = SUM(0.0);
    int weight = 4 * (p[base + WEIGHTS] + p[block + 2]);
    for (int pass = 0; pass < side * side; pass++) {
      ivec2 from = corner * stride - p[base + PAD] + ivec2(pass % side, pass / side);
      for (int s = 0, before = 0; s < p[base + SOURCES]; s++) {
        Value source = valueAt(base + SOURCE + s * SOURCE_SIZE);
        int count = p[base + SOURCE + s * SOURCE_SIZE + VALUE];
        int last = min(end - before, count);
        for (int q = max(first - before, 0); q < last; q += K / 4) {
          barrier();  // nobody reads the last tile any more
          copyTile(source, q, last - q, from, stride);
          barrier();
          if (works) {
            [[dont_unroll]] for (int tap = 0; tap < TAPS * TAPS; tap++) {
              TAP taps[ACROSS];
              [[unroll]] for (int b = 0; b < ACROSS; b++) {
                coopMatLoadNV(taps[b], weightNumbers, weight + (tap * ACROSS + b) * K * N, N, false);
              }
              int move = tap / TAPS * TILE_WIDTH + tap % TAPS;
              [[unroll]] for (int u = 0; u < STRIPS; u++) {
                int x = (strip + u) % (COLUMNS / M) * M, y = (strip + u) / (COLUMNS / M);
                PIXELS pixels;
                coopMatLoadNV(pixels, tile, (y * TILE_WIDTH + x + move) * TILE_STRIDE, TILE_STRIDE, false);
                [[unroll]] for (int b = 0; b < ACROSS; b++) sum[u * ACROSS + b] = coopMatMulAddNV(pixels, taps[b], sum[u * ACROSS + b]);
              }
            }
          }
          weight += TAPS * TAPS * ACROSS * K * N;
        }
        before += count;
      }
    }
    if (!works) continue;
    // One matrix after the other, by way of shared memory: finish is long, and would be repeated for each.
    [[dont_unroll]] for (int i = 0; i < STRIPS * ACROSS; i++) {
      [[unroll]] for (int k = 0; k < STRIPS * ACROSS; k++) {
        if (k == i) coopMatStoreNV(sum[k], stages, stage, N, false);
      }
      subgroupBarrier();
      int u = strip + i / ACROSS, quad = i % ACROSS * (N / 4);
      for (int j = int(gl_SubgroupInvocationID); j < M * N / 4; j += int(gl_SubgroupSize)) {
        int o = quad + j / M, at = stage + j % M * N + j / M * 4;
        int x = corner.x + u % (COLUMNS / M) * M + j % M, y = corner.y + u / (COLUMNS / M);
        if (inRegion(x, y) && o < quads) finish(vec4(stages[at], stages[at + 1], stages[at + 2], stages[at + 3]), firstQuad + o, x, y);
      }
      subgroupBarrier();
    }
  }
}
