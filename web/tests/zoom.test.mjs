// node --test web/tests: the arithmetic of the viewer and the texts, without a browser.
import assert from "node:assert/strict";
import test from "node:test";
import { classColor, fit, keep, pan, seen, step, zoomAt } from "../page/zoom.js";

const stage = { width: 800, height: 600 };
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`);

test("fit shows the whole picture in the middle", () => {
  assert.deepEqual(fit(stage, { width: 1600, height: 600 }), { zoom: 0.5, x: 0, y: 150 });
  assert.deepEqual(fit(stage, { width: 100, height: 300 }), { zoom: 2, x: 300, y: 0 });
  assert.equal(fit(stage, { width: 1, height: 1 }).zoom, 32);
});

test("a picture never leaves the stage", () => {
  const picture = { width: 1000, height: 1000 };
  assert.deepEqual(keep({ zoom: 1, x: 50, y: -900 }, stage, picture), { zoom: 1, x: 0, y: -400 });
  assert.deepEqual(pan({ zoom: 1, x: -100, y: -100 }, -1000, 40, stage, picture), { zoom: 1, x: -200, y: -60 });
});

test("zoom keeps the point under the pointer", () => {
  const picture = { width: 4000, height: 3000 };
  for (const at of [{ x: 400, y: 300 }, { x: 200, y: 500 }]) {
    const before = { zoom: 1, x: -1500, y: -1000 };
    const after = zoomAt(before, 2, at, stage, picture);
    near((at.x - before.x) / before.zoom, (at.x - after.x) / after.zoom);
    near((at.y - before.y) / before.zoom, (at.y - after.y) / after.zoom);
  }
  assert.equal(zoomAt(fit(stage, picture), 0.001, { x: 0, y: 0 }, stage, picture).zoom, 0.2);
  assert.equal(zoomAt(fit(stage, picture), 1000, { x: 0, y: 0 }, stage, picture).zoom, 32);
});

test("steps are powers of two", () => {
  assert.deepEqual([step(1, 1), step(1, -1), step(0.3, 1), step(0.3, -1), step(3, 1), step(4, -1)], [2, 0.5, 0.5, 0.25, 4, 2]);
});

test("the line stays where the picture is seen", () => {
  assert.deepEqual(seen({ zoom: 1, x: 300, y: 0 }, stage, { width: 200, height: 600 }), { left: 300, right: 500 });
  assert.deepEqual(seen({ zoom: 1, x: -300, y: 0 }, stage, { width: 2000, height: 600 }), { left: 0, right: 800 });
});

test("classes have the colours of the program's maps", () => {
  assert.deepEqual([0, 1, 2].map((i) => classColor(i, 3)), ["rgb(0 255 0)", "rgb(255 255 0)", "rgb(255 0 0)"]);
  assert.equal(classColor(0, 1), "rgb(0 255 0)");
});
