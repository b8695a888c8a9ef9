// What a convolution does with its result before it is written.

const int OUT = REST;                 // Value
const int BLOCKS = OUT + VALUE;       // where the table of blocks lies in p
const int WEIGHTS = BLOCKS + 1;       // where weights begin, in quads
const int BIAS = WEIGHTS + 1;         // where biases begin, in quads of float32
const int SLOPES = BIAS + 1;          // where slopes begin; without activation they are 1
const int FLAGS = SLOPES + 1;
const int FACTOR = FLAGS + 1;         // of the shuffle
const int GROUP_QUADS = FACTOR + 1;   // quads of the result's channels of a group, after the shuffle
const int CHANNELS = GROUP_QUADS + 1; // of the result, before the shuffle
const int SIDE = CHANNELS + 1;         // of the kernel
const int STRIDE = SIDE + 1;
const int PAD = STRIDE + 1;
const int ADD = PAD + 1;              // Value: what is added, or the first factor's first part
const int GATE = ADD + VALUE;         // Value: its second part
const int SCALE = GATE + VALUE;       // Value: a single pixel
const int SOURCES = SCALE + VALUE;    // how many there are
const int SOURCE = SOURCES + 1;       // the first: Value, and its number of quads
const int SOURCE_SIZE = VALUE + 1;

const int RESIDUAL = 1, GATED = 2, SCALED = 4, SCATTERED = 8;  // FLAGS

// finish completes quad oq of the convolution's result at a pixel, of which v is the sum without bias, and writes it.
//
// With a shuffle by f, quads are ordered so that each holds four channels of the same pixel of the result: by group, by pixel of the
// square, and by channel. Where that is not possible they are in the convolution's order, and are scattered number by number.
void finish(vec4 v, int oq, int x, int y) {
  int flags = p[base + FLAGS];
  v += exact[p[base + BIAS] + oq];
  if ((flags & GATED) != 0) v *= read(valueAt(base + ADD), oq, x, y) + read(valueAt(base + GATE), oq, x, y);
  if ((flags & SCALED) != 0) v *= read(valueAt(base + SCALE), oq, 0, 0);
  if ((flags & RESIDUAL) != 0) v += read(valueAt(base + ADD), oq, x, y);
  vec4 slopes = exact[p[base + SLOPES] + oq];
  v = mix(v, v * slopes, lessThan(v, vec4(0)));
  Value to = valueAt(base + OUT);
  int f = p[base + FACTOR];
  if ((flags & SCATTERED) == 0) {
    int perGroup = p[base + GROUP_QUADS];
    int phase = oq / perGroup % (f * f), q = oq / (perGroup * f * f) * perGroup + oq % perGroup;
    x = x * f + phase % f;
    y = y * f + phase / f;
    if (holds(to, x, y)) made[place(to, q, x, y)] = rounded(v);
    return;
  }
  QUAD numbers = rounded(v);
  [[unroll]] for (int k = 0; k < 4; k++) {
    int o = 4 * oq + k, c = o / (f * f), xx = x * f + o % f, yy = y * f + o / f % f;
    if (o < p[base + CHANNELS] && holds(to, xx, yy)) madeNumbers[4 * place(to, c / 4, xx, yy) + c % 4] = numbers[k];
  }
}
