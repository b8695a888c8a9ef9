// <classsr-compare>: two pictures above each other with a slider between them, zoom, the route map as a layer, and figures. It fetches nothing
// but its pictures and knows no page, so that pages of one file have the same.

import { make, setText } from "./dom.js";
import { percent } from "./text.js";
import { viewerStyle } from "./viewer-style.js";
import { classColor, fit, pan, seen, step, zoomAt } from "./zoom.js";

const near = 28; // screen pixels from the line within which it is taken hold of
const arrow = 60; // screen pixels that an arrow key moves the picture

/**
 * The viewer. Attributes: before, after and map are addresses of pictures; width and height the size of the result in its pixels.
 * Properties: text (the function of text.js), figures, classes, note, reduced. Methods: band, focus, reset. It sends classsr-zoom with the zoom in pixels of the
 * device, and classsr-loaded with the name, width and height of a picture that is shown from now on.
 */
export class Comparison extends HTMLElement {
  static observedAttributes = ["before", "after", "map", "width", "height"];

  #t = (key) => key;
  #view = { zoom: 1, x: 0, y: 0 };
  #fitted = true;
  #pointers = new Map();
  #gesture = "";
  #bands = null; // {width, height} of the canvas
  #loading = new Set();
  #failed = new Set();
  #parts; // the elements that change
  #labels = []; // [element, what, key]

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(viewerStyle);
    root.adoptedStyleSheets = [sheet];
    this.#parts = this.#build();
    root.append(...this.#parts.all);
    this.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#resized()).observe(this.#parts.stage);
  }

  /** Sets the function that gives texts. */
  set text(t) {
    this.#t = t;
    for (const [element, what, key] of this.#labels) {
      if (what === "text") setText(element, t(key));
      else element.setAttribute(what, t(key));
    }
    this.#show();
    this.#tell();
  }

  /** Sets what is written below the picture. @param {{label: string, value: string}[]} rows */
  set figures(rows) {
    const { figures } = this.#parts;
    figures.replaceChildren(...rows.map(({ label, value }) => make("div", {}, make("dt", {}, label), make("dd", {}, value))));
    figures.hidden = rows.length === 0;
  }

  /** Sets the classes of the map, the simplest first, for the legend. @param {{name: string, share: number}[]} classes */
  set classes(classes) {
    this.#parts.legend.replaceChildren(...classes.flatMap(({ name, share }, i) => {
      if (share <= 0) return [];
      const swatch = make("span", { class: "swatch" });
      swatch.style.background = classColor(i, classes.length);
      return [make("li", {}, swatch, this.#t("viewer.class", { name, share: percent(this.#t, share, 1) }))];
    }));
    this.#layers();
  }

  /** Sets a remark, such as that a smaller picture is shown. */
  set note(text) {
    setText(this.#parts.note, text);
    this.#parts.note.hidden = text === "";
  }

  /** Sets which of before and after are smaller than their files: the labels on the pictures tell, at any zoom. @param {string[]} names */
  set reduced(names) {
    for (const [i, name] of ["before", "after"].entries()) {
      const label = this.#labels.find(([element]) => element === this.#parts.chips[i]);
      label[2] = names.includes(name) ? `viewer.reduced.${name}` : `viewer.${name}`;
      setText(label[0], this.#t(label[2]));
    }
  }

  /** Shows a part of the result that is finished, before all of it is. Its numbers are pixels of a reduced result, whole the height of all of that. */
  async band({ top, height, width, whole, blob }) {
    if (this.getAttribute("after")) return;
    const bitmap = await createImageBitmap(blob);
    const { canvas } = this.#parts;
    if (this.#bands?.width !== width) {
      const size = this.#size();
      this.#bands = { width, height: whole ?? Math.max(1, Math.round((width * size.height) / size.width)) };
      canvas.width = this.#bands.width;
      canvas.height = this.#bands.height;
    }
    canvas.getContext("2d").drawImage(bitmap, 0, top, width, height);
    bitmap.close();
    this.#layers();
  }

  /** Gives the line the focus, so that all keys work. */
  focus() {
    this.#parts.slider.focus();
  }

  /** Forgets pictures, bands and zoom. */
  reset() {
    for (const name of ["before", "after", "map"]) this.removeAttribute(name);
    this.#bands = null;
    this.#parts.canvas.width = 1;
    this.figures = [];
    this.classes = [];
    this.note = "";
    this.reduced = [];
    this.#parts.slider.value = "50";
    this.#fitted = true;
    this.#resized();
  }

  attributeChangedCallback(name, old, value) {
    if (old === value) return;
    if (name === "width" || name === "height") {
      this.#resized();
      return;
    }
    for (const image of this.#parts.images[name]) {
      if (value) image.src = value;
      else image.removeAttribute("src");
    }
    this.#failed.delete(name);
    if (value) this.#loading.add(name);
    else this.#loading.delete(name);
    this.#layers();
    this.#tell();
  }

  #size() {
    return { width: Number(this.getAttribute("width")) || 1, height: Number(this.getAttribute("height")) || 1 };
  }

  #stage() {
    return { width: this.#parts.stage.clientWidth || 1, height: this.#parts.stage.clientHeight || 1 };
  }

  // A text that is put in, and again when the language changes.
  #say(element, what, key) {
    this.#labels.push([element, what, key]);
    return element;
  }

  #image(name) {
    const image = make("img", {
      alt: "", draggable: "false", decoding: "async",
      load: () => image.decode().then(() => this.#loaded(name, image, true), () => this.#loaded(name, image, image.naturalWidth > 0)),
      error: () => this.#loaded(name, image, false),
    });
    return image;
  }

  #build() {
    const before = this.#image("before"), under = this.#image("before"), after = this.#image("after"), map = this.#image("map");
    under.className = "under";
    this.#say(before, "alt", "viewer.before");
    this.#say(after, "alt", "viewer.after");
    this.#say(map, "alt", "viewer.map");
    const canvas = make("canvas");
    const ground = make("div", { class: "layer ground" });
    const layers = [make("div", { class: "layer" }, under, canvas, after), make("div", { class: "layer" }, before), make("div", { class: "layer map", hidden: true }, map)];
    const slider = this.#say(make("input", { type: "range", class: "slider", min: "0", max: "100", step: "any", value: "50", input: () => this.#show() }), "aria-label", "viewer.slider");
    const line = make("div", { class: "line" }, make("div", { class: "knob" }));
    const chips = ["before", "after"].map((name, i) => this.#say(make("span", { class: `chip ${i ? "right" : "left"}`, "aria-hidden": "true" }), "text", `viewer.${name}`));
    const wait = make("p", { class: "wait", role: "status", hidden: true });
    const stage = make("div", { class: "stage" }, ground, make("div", { class: "side after" }, layers[0]), make("div", { class: "side before" }, layers[1]), layers[2], slider, line, ...chips, wait);
    this.#listen(stage);
    const bar = this.#bar(layers[1], layers[2]);
    const legend = this.#say(make("ul", { class: "legend", hidden: true }), "aria-label", "viewer.map");
    const figures = make("dl", { class: "figures", hidden: true });
    const note = make("p", { class: "note", hidden: true });
    const keys = this.#say(make("p", { class: "keys" }), "text", "viewer.keys");
    return {
      ...bar, stage, slider, canvas, under, layers: [ground, ...layers], chips, wait, legend, figures, note,
      images: { before: [before, under], after: [after], map: [map] }, all: [bar.bar, stage, legend, figures, note, keys],
    };
  }

  #bar(before, map) {
    const button = (key, label, click) => {
      const element = this.#say(make("button", { type: "button", click }), "text", key);
      return label ? this.#say(element, "aria-label", label) : element;
    };
    const middle = () => ({ x: this.#stage().width / 2, y: this.#stage().height / 2 });
    const whole = button("viewer.fit", "", () => this.#fit());
    const one = button("viewer.one", "viewer.one.label", () => this.#zoomDevice(1, middle()));
    const two = button("viewer.two", "viewer.two.label", () => this.#zoomDevice(2, middle()));
    const less = button("viewer.less", "viewer.less.label", () => this.#step(-1, middle()));
    const more = button("viewer.more", "viewer.more.label", () => this.#step(1, middle()));
    const zoom = make("output", {});
    const pixels = make("input", { type: "checkbox", change: () => before.classList.toggle("pixels", pixels.checked) });
    const layer = make("input", { type: "checkbox", class: "layer-switch", change: () => this.#layers() });
    const opacity = this.#say(make("input", { type: "range", class: "opacity", min: "10", max: "100", value: "50", input: () => this.#layers() }), "aria-label", "viewer.opacity");
    const mapGroup = make("div", { class: "group", hidden: true }, make("label", {}, layer, this.#say(make("span"), "text", "viewer.map")), opacity);
    const zooms = this.#say(make("div", { class: "group", role: "group" }, less, more, whole, one, two, zoom), "aria-label", "viewer.zoom");
    const bar = make("div", { class: "bar" }, zooms, make("div", { class: "grow" }), make("label", {}, pixels, this.#say(make("span"), "text", "viewer.pixels")), mapGroup);
    return { bar, whole, one, two, zoom, layer, opacity, mapGroup, mapLayer: map };
  }

  // Pointers: one takes the line, or moves a picture that is larger than the stage; two pinch.
  #listen(stage) {
    const at = (event) => {
      const box = stage.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    stage.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      this.#parts.slider.focus({ preventScroll: true });
      stage.setPointerCapture(event.pointerId);
      this.#pointers.set(event.pointerId, at(event));
      this.#gesture = this.#pointers.size > 1 ? "pinch" : this.#mode(at(event));
      if (this.#gesture === "slide") this.#slide(at(event).x);
      stage.classList.toggle("moving", this.#gesture === "pan");
    });
    stage.addEventListener("pointermove", (event) => {
      const old = this.#pointers.get(event.pointerId), now = at(event);
      if (!old) {
        stage.classList.toggle("free", this.#mode(now) === "pan");
        return;
      }
      if (this.#gesture === "pinch") this.#pinch(event.pointerId, now);
      else if (this.#gesture === "slide") this.#slide(now.x);
      else this.#pan(now.x - old.x, now.y - old.y);
      this.#pointers.set(event.pointerId, now);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      stage.addEventListener(name, (event) => {
        this.#pointers.delete(event.pointerId);
        stage.classList.remove("moving");
        this.#gesture = this.#pointers.size ? "pan" : "";
      });
    }
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.#zoom(this.#view.zoom * 2 ** (-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), at(event));
    }, { passive: false });
    stage.addEventListener("dblclick", (event) => (this.#fitted ? this.#zoomDevice(1, at(event)) : this.#fit()));
  }

  // What a pointer that goes down at a point does.
  #mode({ x }) {
    const stage = this.#stage(), size = this.#size();
    const whole = size.width * this.#view.zoom <= stage.width + 1 && size.height * this.#view.zoom <= stage.height + 1;
    return whole || Math.abs(x - this.#line()) < near ? "slide" : "pan";
  }

  // Where the line is, from the left of the stage.
  #line() {
    const { left, right } = seen(this.#view, this.#stage(), this.#size());
    return left + (Number(this.#parts.slider.value) / 100) * (right - left);
  }

  #slide(x) {
    const { left, right } = seen(this.#view, this.#stage(), this.#size());
    this.#parts.slider.value = String(Math.min(100, Math.max(0, (100 * (x - left)) / Math.max(1, right - left))));
    this.#show();
  }

  #pinch(id, now) {
    const other = [...this.#pointers].find(([key]) => key !== id)?.[1];
    const old = this.#pointers.get(id);
    if (!other || !old) return;
    const apart = (a, b) => Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    this.#zoom((this.#view.zoom * apart(now, other)) / apart(old, other), middle);
    this.#pan((now.x - old.x) / 2, (now.y - old.y) / 2);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const middle = { x: this.#line(), y: this.#stage().height / 2 };
    const moves = { ArrowLeft: [arrow, 0], ArrowRight: [-arrow, 0], ArrowUp: [0, arrow], ArrowDown: [0, -arrow] };
    const keys = {
      "+": () => this.#step(1, middle), "=": () => this.#step(1, middle), "-": () => this.#step(-1, middle),
      0: () => this.#fit(), 1: () => this.#zoomDevice(1, middle), 2: () => this.#zoomDevice(2, middle),
    };
    if (event.shiftKey && moves[event.key]) this.#pan(...moves[event.key]);
    else if (keys[event.key]) keys[event.key]();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #step(direction, at) {
    this.#zoomDevice(step(this.#view.zoom * devicePixelRatio, direction), at);
  }

  #zoomDevice(zoom, at) {
    this.#zoom(zoom / devicePixelRatio, at);
  }

  #zoom(zoom, at) {
    this.#view = zoomAt(this.#view, zoom, at, this.#stage(), this.#size());
    this.#fitted = false;
    this.#show();
    this.dispatchEvent(new CustomEvent("classsr-zoom", { detail: { zoom: this.#view.zoom * devicePixelRatio } }));
  }

  #fit() {
    this.#fitted = true;
    this.#view = fit(this.#stage(), this.#size());
    this.#show();
    this.dispatchEvent(new CustomEvent("classsr-zoom", { detail: { zoom: this.#view.zoom * devicePixelRatio } }));
  }

  #pan(dx, dy) {
    this.#view = pan(this.#view, dx, dy, this.#stage(), this.#size());
    this.#show();
  }

  #resized() {
    if (this.#fitted) this.#view = fit(this.#stage(), this.#size());
    else this.#view = pan(this.#view, 0, 0, this.#stage(), this.#size());
    this.#show();
  }

  // Puts view and slider on the screen.
  #show() {
    const { stage, slider, layers, zoom, whole, one, two, chips } = this.#parts;
    const size = this.#size(), room = this.#stage(), view = this.#view;
    for (const layer of layers) {
      layer.style.width = `${size.width}px`;
      layer.style.height = `${size.height}px`;
      layer.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.zoom})`;
    }
    const device = view.zoom * devicePixelRatio;
    layers[1].classList.toggle("pixels", device > 1.01); // what is enlarged for a closer look is not to be made smooth
    const { left, right } = seen(view, room, size);
    stage.style.setProperty("--at", `${this.#line()}px`);
    stage.style.setProperty("--left", `${left}px`);
    stage.style.setProperty("--right", `${room.width - right}px`);
    const share = Number(slider.value) / 100;
    chips[0].hidden = share * (right - left) < 90;
    chips[1].hidden = (1 - share) * (right - left) < 90;
    if (!this.#t.language) return;
    slider.setAttribute("aria-valuetext", this.#t("viewer.share", { share: percent(this.#t, share) }));
    setText(zoom, percent(this.#t, device));
    const is = (wanted) => String(Math.abs(device - wanted) < 0.001);
    whole.setAttribute("aria-pressed", String(this.#fitted));
    one.setAttribute("aria-pressed", is(1));
    two.setAttribute("aria-pressed", is(2));
  }

  // Shows the layers that there are.
  #layers() {
    const { layer, opacity, mapGroup, mapLayer, under, canvas, images, legend } = this.#parts;
    const map = this.hasAttribute("map") && !this.#failed.has("map");
    mapGroup.hidden = !map;
    mapLayer.hidden = !map || !layer.checked;
    legend.hidden = legend.childElementCount === 0;
    mapLayer.style.opacity = String(Number(opacity.value) / 100);
    opacity.disabled = !layer.checked;
    const complete = this.hasAttribute("after") && !this.#loading.has("after") && !this.#failed.has("after");
    under.hidden = complete || !this.hasAttribute("before");
    canvas.hidden = complete || !this.#bands;
    images.after[0].hidden = !complete;
    images.before[0].hidden = !this.hasAttribute("before") || this.#failed.has("before");
  }

  #loaded(name, image, good) {
    if (image === this.#parts.under) return;
    this.#loading.delete(name);
    if (!good && this.hasAttribute(name)) this.#failed.add(name);
    this.#layers();
    this.#tell();
    if (good && this.hasAttribute(name)) this.dispatchEvent(new CustomEvent("classsr-loaded", { detail: { name, width: image.naturalWidth, height: image.naturalHeight } }));
  }

  // Says what is missing.
  #tell() {
    const { wait } = this.#parts;
    const failed = ["before", "after"].find((name) => this.#failed.has(name));
    const text = failed ? this.#t(`viewer.failed.${failed}`) : this.#loading.has("before") || this.#loading.has("after") ? this.#t("viewer.loading") : "";
    setText(wait, text);
    wait.hidden = text === "";
  }
}

customElements.define("classsr-compare", Comparison);
