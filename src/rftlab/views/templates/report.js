"use strict";
function unpack(text) {
  const bytes = Uint8Array.from(atob(text), character => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

// The drawings are already there; this replaces each, when it comes into view, by the same chart with tooltips, laid out
// for the width there is. A panel that says it has no labels on its y-axis gets them back at the start of a row.
(() => {
  const AXIS = 72, LABELS = 215;

  const yAxes = panel => (panel.layer || [panel]).map(l => l.encoding && l.encoding.y && l.encoding.y.axis).filter(Boolean);

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
    const labelled = node.concat.some(panel => yAxes(panel).some(axis => axis.labels === false));
    const margin = labelled ? LABELS : AXIS;
    const cells = panel => panel.layer[0].encoding.x.scale.domain.length;
    const size = panel => typeof panel.width === "number" ? panel.width : panel.width.step * cells(panel) + LABELS;
    const each = Math.max(...node.concat.map(size)) + (labelled ? 16 : 58);
    const fitting = Math.floor((width - (labelled ? LABELS : 0)) / each);
    const least = !labelled && Math.max(...node.concat.map(size)) <= 170 ? 2 : 1;
    node.columns = Math.max(least, Math.min(node.columns || node.concat.length, fitting));
    const room = width / Math.min(node.columns, node.concat.length, fitting < least ? least : 1) - margin;
    node.concat.forEach((panel, i) => {
      if (labelled) yAxes(panel).forEach(axis => { axis.labels = i % node.columns === 0; });
      if (typeof panel.width === "number") panel.width = Math.max(100, Math.min(panel.width, Math.floor(room)));
      else if (width < 640) panel.width.step = 32;
    });
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
    if (width < 640) legends(specification, 1);
    if (width < 640) specification.config.legend.columns = 1;
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
