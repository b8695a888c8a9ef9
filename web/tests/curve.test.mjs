import assert from "node:assert/strict";
import test from "node:test";
import { at, budgetFor, hasChoice, range, together } from "../page/curve.js";

const point = (budget, seconds, loss_db, simple) => ({ budget, seconds, loss_db, classes: [{ name: "simple", share: simple }, { name: "hard", share: 1 - simple }] });
const plan = { seconds: 5, points: [point(60, 5, 0.02, 0.5), point(20, 2, 0.4, 1), point(40, 3, 0.1, 0.8), point(100, 10, 0, 0)] };
const plain = { seconds: 7, points: [point(100, 7, 0, 0)] };

test("between points all is interpolated", () => {
  assert.deepEqual(at(plan, 30), { seconds: 2.5, loss: 0.25, classes: [{ name: "simple", share: 0.9 }, { name: "hard", share: 0.09999999999999998 }] });
  assert.equal(at(plan, 100).seconds, 10);
  assert.equal(at(plan, 5).seconds, 2);
  assert.equal(at(plan, 500).seconds, 10);
});

test("no budget is the server's choice", () => {
  assert.equal(at(plan, null).seconds, 5);
  assert.equal(at({ ...plan, points: [{ ...plan.points[0], budget: 0 }, ...plan.points.slice(1)] }, 10).seconds, 2);
  assert.equal(at(plain, 30).seconds, 7);
  assert.equal(at({ seconds: 3, points: [] }, null).seconds, 3);
  assert.ok(hasChoice(plan) && !hasChoice(plain) && !hasChoice({ seconds: 1 }));
});

test("pictures add up", () => {
  const got = together([plan, plan, plain], 40);
  assert.equal(got.seconds, 13);
  assert.ok(Math.abs(got.loss - 0.1) < 1e-9);
  assert.deepEqual(together([], 40), { seconds: 0, loss: 0 });
  assert.deepEqual(range([plan, plain]), { least: 20, most: 100 });
  assert.equal(range([plain]), null);
});

test("a budget in seconds or dB becomes one in percent", () => {
  const plans = [plan, plain];
  for (const percent of [20, 27, 40, 61, 99]) {
    const got = together(plans, percent);
    assert.ok(Math.abs(budgetFor(plans, "seconds", got.seconds) - percent) <= 0.1);
    assert.ok(Math.abs(budgetFor(plans, "loss", got.loss) - percent) <= 0.1);
  }
  assert.equal(budgetFor(plans, "percent", 33), 33);
  assert.equal(budgetFor([plain], "seconds", 3), 3);
});
