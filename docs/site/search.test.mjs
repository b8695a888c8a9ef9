// The site's search finds what it should: node --test docs/site/ (after make site).
import assert from "node:assert";
import { readFileSync } from "node:fs";
import test from "node:test";
import vm from "node:vm";

const assets = new URL("../../build/site/assets/", import.meta.url);
const input = { dataset: { root: "" }, addEventListener: (_, f) => { input.typed = f; } };
const found = { replaceChildren: (...items) => { found.items = items; } };
const element = () => ({ children: [], append(...c) { this.children.push(...c); } });
const page = { document: { getElementById: (id) => (id === "search" ? input : found), createElement: element } };
page.window = page;
page.self = page;
vm.createContext(page);
for (const name of ["minisearch.js", "index.js", "search.js"]) vm.runInContext(readFileSync(new URL(name, assets), "utf8"), page, name);

const search = (words) => {
  input.value = words;
  input.typed();
  return found.items.map((item) => item.children[0].href);
};

test("words, their beginnings, words with an error, and Chinese are found", () => {
  for (const [words, want] of [
    ["upscale watch", "cli.html"], ["calibrat", "calibrate"], ["geotif", "3-geotiff"], ["nats-config", "nats-config"], ["releese", ""], ["超分辨率", "README.zh"],
  ]) {
    const links = search(words);
    assert(links.length > 0 && links.some((l) => l.includes(want)), `${words}: ${links}`);
  }
  assert.equal(search("xyzzyqwertz").length, 0);
});
