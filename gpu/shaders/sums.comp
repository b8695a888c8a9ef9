#version 450
// Means of all pixels, in passes that each take sums in one fixed order: of each row; of the rows; and, where the mean of a convolution's
// result is wanted, of the means that each of its taps sees, times its weight. A pass of its own makes scales of such means.

#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = 64) in;
layout(constant_id = 3) const int PASS = 0;

const int OF_ROWS = 0, OF_ALL = 1, OF_TAPS = 2, OF_CONVOLUTION = 3, OF_SQUEEZE = 4;

const int OUT = 0;             // Value: a single pixel
const int INPUT = OUT + VALUE; // Value
const int ROWS_AT = INPUT + VALUE;     // where sums of rows lie in sums
const int TAPS_AT = ROWS_AT + 1;       // where means of taps lie in sums
const int QUADS_IN = TAPS_AT + 1;      // of the input
const int WEIGHTS = QUADS_IN + 1;      // by result quad, input quad, tap and input channel
const int BIAS = WEIGHTS + 1;
// Of OF_SQUEEZE alone:
const int HIDDEN = BIAS + 1;           // quads between the two convolutions of a single pixel
const int SLOPES = HIDDEN + 1;         // of the activation between them
const int QUADS_OUT = SLOPES + 1;
const int EXPAND = QUADS_OUT + 1;      // where the second one's weights begin, as those of the first
const int EXPAND_BIAS = EXPAND + 1;

shared vec4 part[64];
shared vec4 between[64];

// total adds up what all threads have; all get it.
vec4 total(vec4 v) {
  int thread = int(gl_LocalInvocationID.x);
  barrier();
  part[thread] = v;
  for (int half_ = 32; half_ > 0; half_ /= 2) {
    barrier();
    if (thread < half_) part[thread] += part[thread + half_];
  }
  barrier();
  return part[0];
}

// squeezed makes the sigmoid of two convolutions of a single pixel, with an activation between them.
void squeezed(Value to, Value v) {
  int thread = int(gl_LocalInvocationID.x), n = p[base + QUADS_IN], hidden = p[base + HIDDEN];
  for (int h = 0; h < hidden; h++) {
    vec4 sum = vec4(0);
    for (int i = thread; i < n; i += 64) {
      vec4 x = read(v, i, 0, 0);
      for (int k = 0; k < 4; k++) sum = fma(vec4(x[k]), vec4(weights[p[base + WEIGHTS] + (h * n + i) * 4 + k]), sum);
    }
    sum = total(sum) + exact[p[base + BIAS] + h];
    if (thread == 0) between[h] = mix(sum, sum * exact[p[base + SLOPES] + h], lessThan(sum, vec4(0)));
  }
  barrier();
  for (int q = thread; q < p[base + QUADS_OUT]; q += 64) {
    vec4 sum = exact[p[base + EXPAND_BIAS] + q];
    for (int h = 0; h < hidden; h++) {
      for (int k = 0; k < 4; k++) sum = fma(vec4(between[h][k]), vec4(weights[p[base + EXPAND] + (q * hidden + h) * 4 + k]), sum);
    }
    made[place(to, q, 0, 0)] = rounded(1 / (1 + exp(-sum)));
  }
}

void main() {
  Value to = valueAt(base + OUT), v = valueAt(base + INPUT);
  int thread = int(gl_LocalInvocationID.x), q = layer, width = v.x1 - v.x0, height = v.y1 - v.y0;
  if (PASS == OF_SQUEEZE) {
    squeezed(to, v);
    return;
  }
  int rows = p[base + ROWS_AT] + q * height, means = p[base + TAPS_AT];
  vec4 sum = vec4(0);
  if (PASS == OF_ROWS) {
    int y = int(gl_WorkGroupID.y * ROW_OF_GROUPS + gl_WorkGroupID.x);
    if (y >= height) return;
    for (int x = thread; x < width; x += 64) sum += read(v, q, x, y);
    sum = total(sum);
    if (thread == 0) sums[rows + y] = sum;
    return;
  }
  if (PASS == OF_CONVOLUTION) {
    int n = p[base + QUADS_IN] * 9;
    for (int i = thread; i < n; i += 64) {
      vec4 mean = sums[means + i];
      for (int k = 0; k < 4; k++) sum = fma(vec4(mean[k]), vec4(weights[p[base + WEIGHTS] + (q * n + i) * 4 + k]), sum);
    }
    sum = total(sum);
    if (thread == 0) made[place(to, q, 0, 0)] = rounded(sum + exact[p[base + BIAS] + q]);
    return;
  }
  vec4 left = vec4(0), right = vec4(0);
  for (int y = thread; y < height; y += 64) {
    sum += sums[rows + y];
    if (PASS == OF_TAPS) {
      left += read(v, q, 0, y);
      right += read(v, q, width - 1, y);
    }
  }
  sum = total(sum);
  float pixels = float(width) * float(height);
  if (PASS == OF_ALL) {
    if (thread == 0) made[place(to, q, 0, 0)] = rounded(sum / pixels);
    return;
  }
  left = total(left);
  right = total(right);
  if (thread >= 9) return;
  // A tap sees all pixels but for a row or a column at a border, beyond which it sees zeros.
  int ky = thread / 3, kx = thread % 3, y = ky == 0 ? height - 1 : 0, x = kx == 0 ? width - 1 : 0;
  if (ky != 1) sum -= sums[rows + y];
  if (kx != 1) sum -= kx == 0 ? right : left;
  if (ky != 1 && kx != 1) sum += read(v, q, x, y);
  sums[means + q * 9 + thread] = sum / pixels;
}
