// What all shaders share: the buffers, how values lie in them, and which tile of which region of which piece a workgroup makes.
//
// A value of a network is planes of quads: four channels of a pixel, side by side. Plane q holds channels 4q to 4q+3 of a rectangle of the
// value's pixels, row by row; channels that the value does not have are zeros, or are read with weights that are zeros. All values of a band,
// or of several, lie in one buffer. With HALF quads are float16 there and in weights; most is computed in float32.

#extension GL_EXT_control_flow_attributes : require
#ifdef HALF
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#define QUAD f16vec4
#define NUMBER float16_t
#else
#define QUAD vec4
#define NUMBER float
#endif

layout(binding = 0, std430) restrict readonly buffer Values { QUAD values[]; };
layout(binding = 1, std430) writeonly buffer Made { QUAD made[]; };
layout(binding = 1, std430) writeonly buffer MadeNumbers { NUMBER madeNumbers[]; };
layout(binding = 2, std430) restrict readonly buffer Weights { QUAD weights[]; };
layout(binding = 2, std430) restrict readonly buffer Exact { vec4 exact[]; };  // biases, slopes and the like: float32 always
layout(binding = 3, std430) restrict readonly buffer Params { int p[]; };      // what each dispatch must know, and lists of tiles
layout(binding = 4, std430) buffer Sums { vec4 sums[]; };             // sums and what is blended: float32 always

// A dispatch makes the same of one or several pieces, which do not see each other. Their workgroups lie one after the other along z.
layout(push_constant) uniform Push {
  int firstBase;  // where in p the part of the dispatch's first piece begins
  int baseSize;   // numbers from there to that of the next piece
  int depth;      // workgroups of a piece along z
};

// pieceNumber counts, since mostly there is a single piece, and a division would take longer.
int pieceNumber() {
  int n = 0;
  for (int end = depth; int(gl_WorkGroupID.z) >= end; end += depth) n++;
  return n;
}

int piece = pieceNumber();
int base = firstBase + piece * baseSize;              // where in p the part of this workgroup's piece begins
int layer = int(gl_WorkGroupID.z) - piece * depth;  // its place along z in its piece

// Value is where a value lies and which rectangle of it is there, in its own pixels.
struct Value { int at, plane, stride, x0, y0, x1, y1; };

const int VALUE = 7;  // numbers of a Value in p

Value valueAt(int i) { return Value(p[i], p[i + 1], p[i + 2], p[i + 3], p[i + 4], p[i + 5], p[i + 6]); }

bool holds(Value v, int x, int y) { return x >= v.x0 && x < v.x1 && y >= v.y0 && y < v.y1; }

int place(Value v, int q, int x, int y) { return v.at + q * v.plane + (y - v.y0) * v.stride + x - v.x0; }

// read gives a quad that lies in the value's rectangle.
vec4 read(Value v, int q, int x, int y) { return vec4(values[place(v, q, x, y)]); }

// readOrZero gives zeros beyond the value's rectangle: what a network reads there lies outside its window.
vec4 readOrZero(Value v, int q, int x, int y) { return holds(v, x, y) ? read(v, q, x, y) : vec4(0); }

// rounded is a quad as it is stored. What float16 cannot hold becomes the largest number that it can.
QUAD rounded(vec4 v) {
#ifdef HALF
  v = clamp(v, -65504.0, 65504.0);
#endif
  return QUAD(v);
}

// The beginning of each piece's part of p in a dispatch.
const int LIST = 0;    // where its tiles are listed, or -1: all tiles of the region, by the workgroup's x and y
const int COUNT = 1;   // how many are listed
const int REGION = 2;  // x0, y0, x1, y1: the pixels that are made; tiles begin at its corner
const int REST = 6;

const uint ROW_OF_GROUPS = 32768;  // workgroups of a listed dispatch along x

bool inRegion(int x, int y) { return x < p[base + REGION + 2] && y < p[base + REGION + 3]; }

// tileCorner gives the first pixel of this workgroup's tile; false if it has none, as where other pieces have more.
bool tileCorner(ivec2 size, out ivec2 corner) {
  ivec2 tile = ivec2(gl_WorkGroupID.xy);
  if (p[base + LIST] >= 0) {
    int i = int(gl_WorkGroupID.y * ROW_OF_GROUPS + gl_WorkGroupID.x);
    if (i >= p[base + COUNT]) return false;
    int packed = p[p[base + LIST] + i];
    tile = ivec2(packed & 0xffff, packed >> 16 & 0xffff);
  }
  corner = ivec2(p[base + REGION], p[base + REGION + 1]) + tile * size;
  return inRegion(corner.x, corner.y);
}
