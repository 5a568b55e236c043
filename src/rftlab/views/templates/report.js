"use strict";
function unpack(text) {
  const bytes = Uint8Array.from(atob(text), character => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

// The drawings are already there; this replaces each, when it comes into view, by the same chart with tooltips, laid out
// for the width there is. Panels with numbers beside them have labels on the left of each row of panels, and on a phone
// above each line.
(() => {
  const AXIS = 80, LABELS = 215, NUMBERS = 165, PHONE = 640;

  const beside = layer => layer.encoding && layer.encoding.x && layer.encoding.x.value === "width";
  const yOf = panel => panel.layer.map(layer => layer.encoding && layer.encoding.y).filter(y => y && y.axis);

  function legends(node, columns) {
    if (node === null || typeof node !== "object") return;
    if (node.legend && node.legend.columns) node.legend.columns = Math.min(node.legend.columns, columns);
    Object.values(node).forEach(child => legends(child, columns));
  }

  function tooltips(node, parentDotted) {
    const dotted = (node.layer || []).some(layer => layer.mark && layer.mark.type === "point");
    if (!parentDotted && node.mark && node.mark.type === "line") node.mark.point = "transparent";
    (node.concat || node.vconcat || node.layer || []).forEach(child => tooltips(child, dotted));
  }

  function arrange(node, width) {
    (node.vconcat || []).forEach(child => arrange(child, width));
    if (!node.concat) return;
    if (node.concat.some(panel => (panel.layer || []).some(beside))) return arrangeRows(node, width);
    const size = Math.max(...node.concat.map(panel => panel.width));
    const fitting = Math.floor(width / (size + 58));
    const least = size <= 170 ? 2 : 1;
    node.columns = Math.max(least, Math.min(node.columns || node.concat.length, fitting));
    const room = width / Math.min(node.columns, node.concat.length, fitting < least ? least : 1) - AXIS;
    node.concat.forEach(panel => { panel.width = Math.max(100, Math.min(panel.width, Math.floor(room))); });
  }

  function arrangeRows(node, width) {
    const phone = width < PHONE, size = node.concat[0].width;
    const fitting = Math.floor((width - LABELS) / (size + NUMBERS));
    node.columns = Math.max(1, Math.min(node.columns || node.concat.length, fitting));
    const room = phone ? width - 24 : (width - LABELS) / node.columns - NUMBERS;
    node.concat.forEach((panel, i) => {
      panel.width = Math.max(100, Math.min(2 * size, Math.floor(room)));
      yOf(panel).forEach(y => { y.axis.labels = phone || i % node.columns === 0; });
      if (phone) above(panel);
    });
  }

  function above(panel) {
    const lines = Math.max(...yOf(panel)[0].scale.domain.map(text => text.split("\n").length));
    const up = -13 * lines;
    panel.height.step = 2 * (13 * lines + 10);
    yOf(panel).forEach(y => Object.assign(y.axis, { labelAlign: "left", labelPadding: -4, labelOffset: up }));
    panel.layer.filter(beside).forEach(layer => Object.assign(layer.mark, { align: "right", dx: -4, dy: up }));
  }

  async function draw(figure) {
    const place = figure.querySelector(".drawing");
    const width = place.clientWidth;
    if (!width || figure.dataset.width === String(width)) return;
    figure.dataset.width = width;
    const whole = await unpack(figure.querySelector("script").textContent);
    const specification = whole.usermeta ? choice.of(figure, whole, width, again) : whole;
    if (!specification) return place.replaceChildren();
    delete specification.title;
    if (!whole.usermeta) arrange(specification, width);
    tooltips(specification, false);
    if (width < PHONE) legends(specification, 1);
    if (width < PHONE) specification.config.legend.columns = 1;
    const target = document.createElement("div");
    await vegaEmbed(target, specification, { actions: false, ast: true, renderer: "svg" });
    place.replaceChildren(target);
  }

  function again() {
    figures.filter(figure => figure.querySelector(".choice")).forEach(figure => {
      figure.dataset.width = "";
      draw(figure);
    });
  }

  const figures = [...document.querySelectorAll("figure.chart")];
  const inView = new IntersectionObserver(
    entries => entries.filter(e => e.isIntersecting).forEach(e => draw(e.target)), { rootMargin: "600px" });
  figures.forEach(figure => inView.observe(figure));
  let timer;
  addEventListener("resize", () => {
    clearTimeout(timer);
    timer = setTimeout(() => figures.filter(f => f.dataset.width).forEach(draw), 250);
  });
  function unfold() {
    const target = document.getElementById(location.hash.slice(1));
    const folded = target && target.querySelector(":scope > details");
    if (folded) folded.open = true;
  }
  addEventListener("hashchange", unfold);
  unfold();
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(d => { d.open = true; }));

  for (const table of document.querySelectorAll("table.sortable")) {
    table.querySelectorAll("th").forEach((heading, column) => {
      const button = document.createElement("button");
      button.append(...heading.childNodes);
      heading.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = heading.getAttribute("aria-sort") === "ascending";
        table.querySelectorAll("th").forEach(h => h.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", down ? "descending" : "ascending");
        const key = row => row.cells[column].dataset.sort ?? row.cells[column].textContent;
        const body = table.tBodies[0];
        [...body.rows]
          .sort((a, b) => (down ? -1 : 1) * (key(a) - key(b) || key(a).localeCompare(key(b), undefined, { numeric: true })))
          .forEach(row => body.append(row));
      });
    });
  }
})();
