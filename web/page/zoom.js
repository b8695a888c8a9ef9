// Where a picture lies in the viewer: arithmetic only, no page.

/**
 * How a picture is shown: zoom is how many pixels of the screen's coordinates (CSS) one pixel of the picture takes, x and y is where its
 * upper left corner lies in the stage.
 * @typedef {{zoom: number, x: number, y: number}} View
 * @typedef {{width: number, height: number}} Size
 * @typedef {{x: number, y: number}} Point
 */

/** The largest zoom: screen pixels for one of the picture. */
export const most = 32;

/** The view that shows the whole picture in the middle of the stage. @returns {View} */
export function fit(/** @type {Size} */ stage, /** @type {Size} */ picture) {
  const zoom = Math.min(stage.width / picture.width, stage.height / picture.height, most);
  return keep({ zoom, x: 0, y: 0 }, stage, picture);
}

/** The view moved so that the picture covers the stage as far as it can, and lies in the middle where it cannot. @returns {View} */
export function keep(/** @type {View} */ view, /** @type {Size} */ stage, /** @type {Size} */ picture) {
  const place = (at, room, length) => (length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, at)));
  return {
    zoom: view.zoom,
    x: place(view.x, stage.width, picture.width * view.zoom),
    y: place(view.y, stage.height, picture.height * view.zoom),
  };
}

/** The view at another zoom, with the same point of the picture under a point of the stage. @returns {View} */
export function zoomAt(/** @type {View} */ view, zoom, /** @type {Point} */ at, /** @type {Size} */ stage, /** @type {Size} */ picture) {
  const least = Math.min(fit(stage, picture).zoom, 1);
  const z = Math.min(Math.max(zoom, least), most);
  const by = z / view.zoom;
  return keep({ zoom: z, x: at.x - (at.x - view.x) * by, y: at.y - (at.y - view.y) * by }, stage, picture);
}

/** The view moved by so many pixels of the screen. @returns {View} */
export function pan(/** @type {View} */ view, dx, dy, /** @type {Size} */ stage, /** @type {Size} */ picture) {
  return keep({ zoom: view.zoom, x: view.x + dx, y: view.y + dy }, stage, picture);
}

/** The next power of two above (direction 1) or below (-1) a zoom, which is given in pixels of the device. */
export function step(zoom, direction) {
  const exponent = Math.log2(zoom);
  const near = 1e-6;
  return 2 ** (direction > 0 ? Math.floor(exponent + near) + 1 : Math.ceil(exponent - near) - 1);
}

/** The part of the stage, from left to right, in which the picture is seen. @returns {{left: number, right: number}} */
export function seen(/** @type {View} */ view, /** @type {Size} */ stage, /** @type {Size} */ picture) {
  return { left: Math.max(0, view.x), right: Math.min(stage.width, view.x + picture.width * view.zoom) };
}

/** The colour of a class: green for the simplest, red for the hardest, yellow halfway; as in the program's maps. */
export function classColor(index, classes) {
  const at = classes > 1 ? Math.floor((510 * index) / (classes - 1)) : 0;
  return `rgb(${Math.min(at, 255)} ${Math.min(510 - at, 255)} 0)`;
}
