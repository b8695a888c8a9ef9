// What a page of one file does: it gives the viewer its texts and figures, which are in the page as JSON.

import { pick, translator } from "../page/text.js";
import "../page/viewer.js";

const data = JSON.parse(document.getElementById("data").textContent);
const language = pick(data.language ? [data.language] : navigator.languages);
const t = translator(data.strings[language], language);
document.documentElement.lang = language;
const viewer = document.querySelector("classsr-compare");
viewer.text = t;
viewer.classes = data.classes;
viewer.figures = data.figures.map(({ label, value }) => ({ label: t(label), value }));
