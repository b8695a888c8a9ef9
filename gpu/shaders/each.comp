#version 450
// Operations that make a quad of few others, without sums over channels.

#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = 32, local_size_y = 4) in;
layout(constant_id = 3) const int OPERATION = 0;

const int ACTIVATE = 0, SIGMOID = 1, AFFINE = 2, ADD = 3, MUL = 4, CHANNEL_MUL = 5, SHUFFLE = 6, UNSHUFFLE = 7, NEAREST = 8, BILINEAR = 9,
          BICUBIC = 10, INPUT = 11;

const int OUT = REST;            // Value
const int INPUTS = OUT + VALUE;  // three Values
const int FACTOR = INPUTS + 3 * VALUE;
const int CHANNELS = FACTOR + 1;  // of the input
const int NUMBERS = CHANNELS + 1; // where its numbers lie in exact: slopes; factors and then offsets; a factor; weights of places of a pixel
const int WIDTH = NUMBERS + 1;    // of the input, for the whole window
const int HEIGHT = WIDTH + 1;
const int THIRD = HEIGHT + 1;     // 1: there is a third input
const int ROWS = 4;

int mirrored(int i, int n) {
  i %= 2 * n;
  if (i < 0) i += 2 * n;
  return min(i, 2 * n - 1 - i);
}

// shuffled gathers four channels that became pixels of squares.
vec4 shuffled(Value v, int q, int x, int y, int f) {
  vec4 gathered = vec4(0);
  for (int k = 0; k < 4; k++) {
    int from = ((4 * q + k) * f + y % f) * f + x % f;
    if (from < p[base + CHANNELS]) gathered[k] = read(v, from / 4, x / f, y / f)[from % 4];
  }
  return gathered;
}

// unshuffled gathers four pixels of squares that became channels.
vec4 unshuffled(Value v, int q, int x, int y, int f) {
  vec4 gathered = vec4(0);
  for (int k = 0; k < 4; k++) {
    int o = 4 * q + k, c = o / (f * f);
    if (c < p[base + CHANNELS]) gathered[k] = read(v, c / 4, x * f + o % f, y * f + o / f % f)[c % 4];
  }
  return gathered;
}

// between gives the two pixels that result o along an axis of n lies between, and the second one's share.
void between(int o, int n, int f, out int first, out int second, out float share) {
  float position = max((float(o) + 0.5) / float(f) - 0.5, 0.0);
  first = min(int(floor(position)), n - 1);
  second = min(first + 1, n - 1);
  share = position - floor(position);
}

vec4 bilinear(Value v, int q, int x, int y, int f) {
  int x0, x1, y0, y1;
  float fx, fy;
  between(x, p[base + WIDTH], f, x0, x1, fx);
  between(y, p[base + HEIGHT], f, y0, y1, fy);
  vec4 top = read(v, q, x0, y0) * (1 - fx) + read(v, q, x1, y0) * fx;
  vec4 bottom = read(v, q, x0, y1) * (1 - fx) + read(v, q, x1, y1) * fx;
  return top * (1 - fy) + bottom * fy;
}

int firstTap(int o, int f) { return o / f - 1 - (2 * (o % f) + 1 < f ? 1 : 0); }

vec4 bicubic(Value v, int q, int x, int y, int f) {
  vec4 wx = exact[p[base + NUMBERS] + x % f], wy = exact[p[base + NUMBERS] + y % f], sum = vec4(0);
  int left = firstTap(x, f), top = firstTap(y, f);
  for (int j = 0; j < 4; j++) {
    int from = mirrored(top + j, p[base + HEIGHT]);
    vec4 row = vec4(0);
    for (int i = 0; i < 4; i++) row += wx[i] * read(v, q, mirrored(left + i, p[base + WIDTH]), from);
    sum += wy[j] * row;
  }
  return sum;
}

// planar reads planes of numbers, as they come from the host.
vec4 planar(Value v, int q, int x, int y) {
  vec4 gathered = vec4(0);
  int width = v.x1 - v.x0, height = v.y1 - v.y0;
  for (int k = 0; k < 4; k++) {
    int c = 4 * q + k;
    if (c < p[base + CHANNELS]) {
      int at = 4 * v.at + (c * height + y - v.y0) * width + x - v.x0;
      gathered[k] = sums[at / 4][at % 4];
    }
  }
  return gathered;
}

vec4 result(int q, int x, int y) {
  Value a = valueAt(base + INPUTS), b = valueAt(base + INPUTS + VALUE), c = valueAt(base + INPUTS + 2 * VALUE);
  int f = p[base + FACTOR], numbers = p[base + NUMBERS];
  vec4 v;
  switch (OPERATION) {
    case ACTIVATE:
      v = read(a, q, x, y);
      return mix(v, v * exact[numbers + q], lessThan(v, vec4(0)));
    case SIGMOID:
      return 1 / (1 + exp(-read(a, q, x, y)));
    case AFFINE:  // offsets follow after factors
      return fma(read(a, q, x, y), exact[numbers + 2 * q], exact[numbers + 2 * q + 1]);
    case ADD:
      return fma(vec4(exact[numbers].x), read(a, q, x, y), read(b, q, x, y));
    case MUL:
      return read(a, q, x, y) * read(b, q, x, y);
    case CHANNEL_MUL:
      v = read(a, q, x, y) * read(b, q, 0, 0);
      return p[base + THIRD] != 0 ? v + read(c, q, x, y) : v;
    case SHUFFLE:
      return shuffled(a, q, x, y, f);
    case UNSHUFFLE:
      return unshuffled(a, q, x, y, f);
    case NEAREST:
      return read(a, q, x / f, y / f);
    case BILINEAR:
      return bilinear(a, q, x, y, f);
    case BICUBIC:
      return bicubic(a, q, x, y, f);
    default:
      return planar(a, q, x, y);
  }
}

void main() {
  ivec2 corner;
  if (!tileCorner(ivec2(32, 4 * ROWS), corner)) return;
  Value to = valueAt(base + OUT);
  int q = layer, x = corner.x + int(gl_LocalInvocationID.x);
  for (int r = 0; r < ROWS; r++) {
    int y = corner.y + r * 4 + int(gl_LocalInvocationID.y);
    if (inRegion(x, y)) made[place(to, q, x, y)] = rounded(result(q, x, y));
  }
}
