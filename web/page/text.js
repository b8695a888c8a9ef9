// Texts in the language of the reader. Strings are in strings/LANGUAGE.json; {name} stands for a value. A string with a number has the forms
// KEY.one, KEY.other and so on of Intl.PluralRules, chosen by the value "count".

/** The languages there are, the first one for everybody else. */
export const languages = ["en", "zh"];

/** The first of the wanted languages that there is. */
export function pick(/** @type {readonly string[]} */ wanted) {
  for (const tag of wanted) {
    const language = tag.toLowerCase().split(/[-_]/)[0];
    if (languages.includes(language)) return language;
  }
  return languages[0];
}

/** A function that gives texts: t(key, values), with numbers written as the language has them. t.language is the language. */
export function translator(/** @type {Record<string, string>} */ strings, /** @type {string} */ language) {
  const plurals = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  const written = (value) => (typeof value === "number" ? numbers.format(value) : String(value));
  const t = (key, values = {}) => {
    let text = strings[key];
    if (text === undefined && typeof values.count === "number") {
      text = strings[`${key}.${plurals.select(values.count)}`] ?? strings[`${key}.other`];
    }
    if (text === undefined) return key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? written(values[name]) : whole));
  };
  t.language = language;
  return t;
}

/** Puts texts where the markup asks for them: data-text (content), data-label (aria-label), data-hint (title). */
export function translate(/** @type {ParentNode} */ root, t) {
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
  for (const element of root.querySelectorAll("[data-label]")) element.setAttribute("aria-label", t(element.dataset.label));
  for (const element of root.querySelectorAll("[data-hint]")) element.setAttribute("title", t(element.dataset.hint));
}

/** A number with so many digits after the point at most. */
export function number(t, value, digits = 0) {
  return new Intl.NumberFormat(t.language, { maximumFractionDigits: digits }).format(value);
}

/** A share, 0 to 1, in percent. */
export function percent(t, share, digits = 0) {
  return new Intl.NumberFormat(t.language, { style: "percent", maximumFractionDigits: digits }).format(share);
}

function unit(t, value, name, digits = 0) {
  return new Intl.NumberFormat(t.language, { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: digits }).format(value);
}

/** A time in seconds as people say it: no finer than it can be known. */
export function duration(t, seconds) {
  if (seconds < 10) return unit(t, Math.max(seconds, 0.1), "second", 1);
  let s = Math.round(seconds);
  if (s < 60) return unit(t, s, "second");
  if (s >= 600) s = Math.round(s / 60) * 60;
  const parts = [[Math.floor(s / 3600), "hour"], [Math.floor((s % 3600) / 60), "minute"], [s % 60, "second"]];
  return parts.filter(([n]) => n > 0).map(([n, name]) => unit(t, n, name)).join(" ");
}

/** A number of bytes, in units of 1000. */
export function bytes(t, n) {
  const names = ["byte", "kilobyte", "megabyte", "gigabyte"];
  let i = 0;
  while (n >= 1000 && i < names.length - 1) {
    n /= 1000;
    i++;
  }
  return unit(t, n, names[i], n < 10 && i > 0 ? 1 : 0);
}

/** A time that the server told, such as 2026-11-28T13:29:00Z. */
export function date(t, when) {
  return new Intl.DateTimeFormat(t.language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(when));
}

/** The size of a picture. */
export function size(t, width, height) {
  return t("size", { width: String(width), height: String(height) });
}
