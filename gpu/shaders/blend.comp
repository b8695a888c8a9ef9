#version 450
// Adds what a network made to the result, brought to 0..1 and times the weight of its class there: the share that the class has of a square
// around the pixel. The first class that has any weight at a pixel does not add: nothing was there before.

#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = 32, local_size_y = 4) in;

const int INPUT = REST;            // Value: the network's result, of one quad
const int SHIFT = INPUT + VALUE;   // x, y: from its pixels to those of the result
const int RESULT = SHIFT + 2;      // where the result begins in sums
const int LEFT = RESULT + 1;       // of the band of the result that is made
const int TOP = LEFT + 1;
const int WIDTH = TOP + 1;
const int UNIT = WIDTH + 1;        // the bits of the factor that brings what the network makes to 0..1
const int CLASS = UNIT + 1;
const int SCALE = CLASS + 1;       // of the result over the picture
const int REACH = SCALE + 1;       // pixels of the result at each side of a border that are mixed
const int COLUMNS = REACH + 1;     // of cores
const int ROWS = COLUMNS + 1;      // of cores
const int XS = ROWS + 1;           // where the cores' edges lie in p, columns + 1 and then rows + 1
const int CORES = XS + 1;          // where the cores of each column of the picture, and then of each row, lie in p
const int PICTURE_WIDTH = CORES + 1;
const int CLASSES = PICTURE_WIDTH + 1;  // where the cores' classes lie in p

const int STEPS = 4;

// Along is where a pixel lies along an axis: in a core, near another one, which has a share of at most a half.
struct Along { int own, other; float share; };

Along along(int core, int edges, int cores, int i) {
  int scale = p[base + SCALE], reach = p[base + REACH];
  int before = i - p[edges + core] * scale, after = p[edges + core + 1] * scale - 1 - i;
  if (core > 0 && before < reach) return Along(core, core - 1, (float(reach - before) - 0.5) / float(2 * reach));
  if (core < cores - 1 && after < reach) return Along(core, core + 1, (float(reach - after) - 0.5) / float(2 * reach));
  return Along(core, core, 0);
}

int classOf(int row, int column) { return p[p[base + CLASSES] + row * p[base + COLUMNS] + column]; }

// inColumn is a class's weight in a column of cores.
float inColumn(int class_, Along y, int column) {
  bool own = classOf(y.own, column) == class_, other = classOf(y.other, column) == class_;
  return own && other ? 1 : own ? 1 - y.share : other ? y.share : 0;
}

float weight(int class_, Along x, Along y) {
  float own = inColumn(class_, y, x.own), other = inColumn(class_, y, x.other);
  return own == other ? own : mix(own, other, x.share);
}

// isFirst tells whether no class before has any weight.
bool isFirst(int class_, Along x, Along y) {
  return classOf(y.own, x.own) >= class_ && classOf(y.own, x.other) >= class_ && classOf(y.other, x.own) >= class_ &&
         classOf(y.other, x.other) >= class_;
}

void main() {
  ivec2 corner;
  if (!tileCorner(ivec2(32, 4 * STEPS), corner)) return;
  Value from = valueAt(base + INPUT);
  int class_ = p[base + CLASS], columns = p[base + COLUMNS], rows = p[base + ROWS];
  int vx = corner.x + int(gl_LocalInvocationID.x), x = vx + p[base + SHIFT];
  for (int r = 0; r < STEPS; r++) {
    int vy = corner.y + r * 4 + int(gl_LocalInvocationID.y), y = vy + p[base + SHIFT + 1];
    if (!inRegion(vx, vy)) return;
    int at = p[base + RESULT] + (y - p[base + TOP]) * p[base + WIDTH] + x - p[base + LEFT];
    float unit = intBitsToFloat(p[base + UNIT]);
    int cores = p[base + CORES], scale = p[base + SCALE], edges = p[base + XS];
    Along ax = along(p[cores + x / scale], edges, columns, x);
    Along ay = along(p[cores + p[base + PICTURE_WIDTH] + y / scale], edges + columns + 1, rows, y);
    float w = weight(class_, ax, ay);
    if (w <= 0) continue;
    vec4 v = read(from, 0, vx, vy) * unit * w;
    sums[at] = isFirst(class_, ax, ay) ? v : sums[at] + v;
  }
}
