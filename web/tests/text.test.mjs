import assert from "node:assert/strict";
import test from "node:test";
import { bytes, duration, percent, pick, size, translator } from "../page/text.js";

const t = translator({ "list.one": "{count} picture", "list.other": "{count} pictures", hello: "Hello {name}, {missing}", size: "{width} x {height}" }, "en");

test("texts", () => {
  assert.equal(t("list", { count: 1 }), "1 picture");
  assert.equal(t("list", { count: 2300 }), "2,300 pictures");
  assert.equal(t("hello", { name: "you" }), "Hello you, {missing}");
  assert.equal(t("unknown.key"), "unknown.key");
  assert.equal(size(t, 4000, 3000), "4000 x 3000");
});

test("languages", () => {
  assert.equal(pick(["fr-FR", "zh-Hant-TW", "en"]), "zh");
  assert.equal(pick(["fr"]), "en");
  assert.equal(pick(["EN_GB"]), "en");
});

test("times are no finer than they can be known", () => {
  assert.equal(duration(t, 0), "0.1 sec");
  assert.equal(duration(t, 3.24), "3.2 sec");
  assert.equal(duration(t, 59.4), "59 sec");
  assert.equal(duration(t, 200), "3 min 20 sec");
  assert.equal(duration(t, 120), "2 min");
  assert.equal(duration(t, 3725), "1 hr 2 min");
});

test("bytes and shares", () => {
  assert.equal(bytes(t, 999), "999 byte");
  assert.equal(bytes(t, 1234567), "1.2 MB");
  assert.equal(bytes(t, 45_600_000), "46 MB");
  assert.equal(percent(t, 0.1234, 1), "12.3%");
});
