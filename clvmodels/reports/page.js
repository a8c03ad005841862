"use strict";
// Headings of sortable tables become buttons: numbers sort as numbers, a dash always comes last.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sign = down ? -1 : 1;
      const body = table.tBodies[0];
      const order = (one, other) => {
        const [a, b] = [one.cells[column], other.cells[column]];
        const missing = (a.className === "missing") - (b.className === "missing");
        if (missing || a.className === "missing") return missing;
        const numbers = "value" in a.dataset && "value" in b.dataset;
        return sign * (numbers ? a.dataset.value - b.dataset.value || 0
                               : a.textContent.localeCompare(b.textContent, undefined, { numeric: true }));
      };
      body.append(...[...body.rows].sort(order));
    });
  });
}
// What is folded away is on the paper.
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details:not([open])")) {
    folded.open = true;
    folded.dataset.folded = "";
  }
});
addEventListener("afterprint", () => {
  for (const opened of document.querySelectorAll("details[data-folded]")) {
    opened.open = false;
    delete opened.dataset.folded;
  }
});
