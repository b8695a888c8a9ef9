// The style of the viewer, for its shadow tree. It takes colours from the page's variables where there are any.

export const viewerStyle = `
:host {
  --v-ground: #1d1f23; --v-bar: var(--surface, #fff); --v-ink: var(--ink, #1b1d21); --v-soft: var(--ink-soft, #555b66);
  --v-line: var(--line, #7d8591); --v-accent: var(--accent, #0b5cad); --v-accent-ink: var(--accent-ink, #fff);
  display: flex; flex-direction: column; min-height: 0; color: var(--v-ink); background: var(--v-bar); font: inherit;
}
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.bar { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; padding: .5rem .75rem; }
.group { display: flex; align-items: center; gap: .25rem; }
.grow { flex: 1; }
button {
  min-width: 2.75rem; min-height: 2.75rem; padding: 0 .6rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--v-line); border-radius: .5rem; cursor: pointer; touch-action: manipulation;
}
button:hover { border-color: var(--v-accent); }
button[aria-pressed=true] { background: var(--v-accent); border-color: var(--v-accent); color: var(--v-accent-ink); }
label { display: inline-flex; align-items: center; gap: .4rem; min-height: 2.75rem; cursor: pointer; }
input[type=checkbox] { width: 1.15rem; height: 1.15rem; accent-color: var(--v-accent); }
.opacity { width: 7rem; height: 2.75rem; accent-color: var(--v-accent); }
output { min-width: 4ch; color: var(--v-soft); font-variant-numeric: tabular-nums; }
button:focus-visible, input:focus-visible { outline: 3px solid var(--v-accent); outline-offset: 2px; }
.stage {
  position: relative; flex: 1 1 auto; height: var(--viewer-height, 60vh); min-height: 14rem; overflow: hidden; background: var(--v-ground);
  touch-action: none; user-select: none; -webkit-user-select: none; cursor: ew-resize; --at: 50%;
}
.stage.free { cursor: grab; }
.stage.moving { cursor: grabbing; }
.side { position: absolute; inset: 0; }
.before { clip-path: inset(0 calc(100% - var(--at)) 0 0); }
.after { clip-path: inset(0 0 0 var(--at)); }
.layer { position: absolute; left: 0; top: 0; transform-origin: 0 0; }
.layer > * { position: absolute; inset: 0; width: 100%; height: 100%; max-width: none; display: block; }
.ground { background: repeating-conic-gradient(#3a3d43 0 25%, #46494f 0 50%) 0 0 / 16px 16px; }
.pixels img { image-rendering: pixelated; }
.map img { image-rendering: pixelated; }
.map { pointer-events: none; }
.under { opacity: .35; }
.slider {
  position: absolute; inset: auto 0 0 0; width: 100%; height: 2.75rem; margin: 0; opacity: 0; pointer-events: none;
}
.line { position: absolute; top: 0; bottom: 0; left: var(--at); width: 2px; margin-left: -1px; background: #fff; box-shadow: 0 0 0 1px #0008; pointer-events: none; }
.knob {
  position: absolute; top: 50%; left: 50%; width: 2.75rem; height: 2.75rem; margin: -1.375rem; border-radius: 50%; background: #fff; color: #1b1d21;
  box-shadow: 0 1px 6px #000a; display: grid; place-items: center;
}
.knob::before { content: ""; width: 1.3rem; height: .8rem; background: currentColor;
  clip-path: polygon(0 50%, 35% 0, 35% 38%, 65% 38%, 65% 0, 100% 50%, 65% 100%, 65% 62%, 35% 62%, 35% 100%); }
.slider:focus-visible ~ .line .knob { outline: 3px solid var(--v-accent); outline-offset: 3px; box-shadow: 0 0 0 3px #fff; }
.chip {
  position: absolute; top: .6rem; padding: .15rem .6rem; border-radius: 1rem; background: #000b; color: #fff; font-size: .85rem; pointer-events: none;
}
.chip.left { left: calc(var(--left, 0px) + .6rem); }
.chip.right { right: calc(var(--right, 0px) + .6rem); }
.wait { position: absolute; bottom: .75rem; left: 50%; transform: translateX(-50%); margin: 0; padding: .3rem .9rem; border-radius: 1rem; background: #000c; color: #fff; max-width: 90%; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 0; padding: .6rem .75rem 0; list-style: none; }
.swatch { display: inline-block; width: .9rem; height: .9rem; border-radius: .2rem; margin-right: .4rem; vertical-align: -.1rem; border: 1px solid #0006; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .5rem 1.25rem; margin: 0; padding: .5rem .75rem; }
.figures div { min-width: 0; }
dt { font-size: .8rem; color: var(--v-soft); }
dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.note, .keys { margin: 0; padding: .4rem .75rem .5rem; font-size: .85rem; color: var(--v-soft); }
@media (hover: none) { .keys { display: none; } }
@media (max-width: 640px) {
  .bar { gap: .25rem .75rem; padding: .4rem .5rem; } .opacity { width: 5.5rem; }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media (forced-colors: active) { .line, .knob { forced-color-adjust: none; } }
`;
