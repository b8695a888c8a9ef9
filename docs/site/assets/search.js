// Searches the parts of all pages (window.parts, from index.js) as one types. Opened from a disk it works, too.
"use strict";
(function () {
  // Words, and each Chinese character as a word.
  const words = (text) => text.match(/[\u3400-\u9fff]|[^\s\p{P}\u3400-\u9fff]+/gu) || [];
  const index = new MiniSearch({ fields: ["title", "text"], storeFields: ["title", "page", "url"], tokenize: words, searchOptions: { prefix: true, fuzzy: 0.15, combineWith: "AND", boost: { title: 3 } } });
  index.addAll(window.parts);
  const input = document.getElementById("search"), found = document.getElementById("found");
  input.addEventListener("input", () => {
    found.replaceChildren(...index.search(input.value).slice(0, 12).map((hit) => {
      const item = document.createElement("li"), link = document.createElement("a"), page = document.createElement("small");
      link.href = input.dataset.root + hit.url;
      link.textContent = hit.title;
      page.textContent = hit.page;
      item.append(link, page);
      return item;
    }));
  });
})();
