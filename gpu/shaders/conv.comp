#version 450
// A convolution as an implicit product of matrices. A workgroup makes a tile of pixels, WIDTH columns and ROWS rows a thread, of some quads
// of channels, QUADS a thread. It goes through the input's quads, CHUNK at a time, which it copies with their weights to shared memory.
//
// TAPS is the side of kernels whose taps are all made from one copy of the input: a thread reads a column of it once for all taps of that
// column. Kernels of another size, and those that move on by more than a pixel, have TAPS 1: each of their taps is a pass over
// the input of its own.
//
// Every sum is taken in one order, wherever the pixel lies in a tile or a band: so cuts change no bit.

#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "finish.glsl"

layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;  // columns, groups of rows, groups of quads
layout(constant_id = 3) const int CHUNK = 1;
layout(constant_id = 4) const int TILE_WIDTH = 16;  // local_size_x + TAPS-1
layout(constant_id = 5) const int TILE_HEIGHT = 8;  // ROWS * local_size_y + TAPS-1
layout(constant_id = 6) const int OUT_QUADS = 1;    // of a workgroup: QUADS * local_size_z

const int ROWS = 8;
const int BLOCK_SIZE = 5;  // numbers in p: the first input quad and the one after the last, where weights begin, the first result quad, how many

// With float16 each part of a sum, of a column of taps of a quad of the input, begins anew, and is added in float32.
#ifdef HALF
#define START(r, o) QUAD(0)
#define END(r, o) sum[r][o] + vec4(part[r][o])
#else
#define START(r, o) sum[r][o]
#define END(r, o) part[r][o]
#endif

shared QUAD tile[CHUNK * TILE_WIDTH * TILE_HEIGHT];
shared QUAD taps[CHUNK * TAPS * TAPS * 4 * OUT_QUADS];

void main() {
  const int threads = int(gl_WorkGroupSize.x * gl_WorkGroupSize.y * gl_WorkGroupSize.z);
  const int tilePixels = TILE_WIDTH * TILE_HEIGHT, quadTaps = TAPS * TAPS * 4 * OUT_QUADS;
  int thread = int(gl_LocalInvocationIndex);
  ivec2 corner;
  if (!tileCorner(ivec2(gl_WorkGroupSize.x, gl_WorkGroupSize.y * ROWS), corner)) return;  // all of the workgroup
  int block = p[base + BLOCKS] + BLOCK_SIZE * layer;
  int first = p[block], end = p[block + 1], weight = p[base + WEIGHTS] + p[block + 2];

  vec4 sum[ROWS][QUADS];
  [[unroll]] for (int r = 0; r < ROWS; r++) [[unroll]] for (int q = 0; q < QUADS; q++) sum[r][q] = vec4(0);

  int column = int(gl_LocalInvocationID.x), row = int(gl_LocalInvocationID.y) * ROWS, quad = int(gl_LocalInvocationID.z) * QUADS;
  int side = TAPS > 1 ? 1 : p[base + SIDE], stride = TAPS > 1 ? 1 : p[base + STRIDE];
  for (int pass = 0; pass < side * side; pass++) {
    ivec2 from = corner * stride - p[base + PAD] + ivec2(pass % side, pass / side);
    for (int s = 0, before = 0; s < p[base + SOURCES]; s++) {
      Value source = valueAt(base + SOURCE + s * SOURCE_SIZE);
      int count = p[base + SOURCE + s * SOURCE_SIZE + VALUE];
      int last = min(end - before, count);
      for (int q = max(first - before, 0); q < last; q += CHUNK) {
        int n = min(CHUNK, last - q);
        barrier();  // nobody reads the last chunk any more
        for (int i = thread; i < n * tilePixels; i += threads) {
          int c = i / tilePixels, at = i % tilePixels;
          int x = from.x + at % TILE_WIDTH * stride, y = from.y + at / TILE_WIDTH * stride;
          tile[i] = holds(source, x, y) ? values[place(source, q + c, x, y)] : QUAD(0);
        }
        for (int i = thread; i < n * quadTaps; i += threads) taps[i] = weights[weight + i];
        weight += n * quadTaps;
        barrier();
        for (int c = 0; c < n; c++) {
          int at = (c * TILE_HEIGHT + row) * TILE_WIDTH + column, w = c * quadTaps + quad;
          [[dont_unroll]] for (int kx = 0; kx < TAPS; kx++) {
            QUAD x[ROWS + TAPS - 1], part[ROWS][QUADS];
            [[unroll]] for (int r = 0; r < ROWS; r++) [[unroll]] for (int o = 0; o < QUADS; o++) part[r][o] = START(r, o);
            [[unroll]] for (int r = 0; r < ROWS + TAPS - 1; r++) x[r] = tile[at + r * TILE_WIDTH + kx];
            [[unroll]] for (int ky = 0; ky < TAPS; ky++) {
              [[unroll]] for (int k = 0; k < 4; k++) {
                [[unroll]] for (int o = 0; o < QUADS; o++) {
                  QUAD tap = taps[w + o];
                  [[unroll]] for (int r = 0; r < ROWS; r++) part[r][o] = fma(QUAD(x[r + ky][k]), tap, part[r][o]);
                }
                w += OUT_QUADS;
              }
            }
            [[unroll]] for (int r = 0; r < ROWS; r++) [[unroll]] for (int o = 0; o < QUADS; o++) sum[r][o] = END(r, o);
          }
        }
      }
      before += count;
    }
  }
  // One row after the other, the next one moving into the first one's registers: finish is long, and would be repeated for each row.
  int firstQuad = p[block + 3], quads = p[block + 4], x = corner.x + column;
  [[dont_unroll]] for (int y = corner.y + row; y < corner.y + row + ROWS; y++) {
    [[unroll]] for (int o = 0; o < QUADS; o++) {
      if (inRegion(x, y) && quad + o < quads) finish(sum[0][o], firstQuad + quad + o, x, y);
    }
    [[unroll]] for (int r = 1; r < ROWS; r++) [[unroll]] for (int o = 0; o < QUADS; o++) sum[r - 1][o] = sum[r][o];
  }
}
