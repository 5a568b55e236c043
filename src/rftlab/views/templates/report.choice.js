// What the curves show: one comparison, a level and its reference, against one budget, chosen once for the whole page.
const choice = (() => {
  const MARGIN = 72, LETTER = 6.6;
  const chosen = { comparison: null, budget: null };

  function make(name, properties, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  function select(label, options, change) {
    const list = make("select", {}, ...options);
    list.addEventListener("change", () => change(list.value));
    return make("label", {}, `${label} `, list);
  }

  const option = (value, text) => make("option", { value, textContent: text });

  function grouped(entries, text) {
    const groups = new Map();
    entries.forEach(entry => groups.set(entry.group, [...(groups.get(entry.group) || []), entry]));
    return [...groups].map(([group, those]) =>
      make("optgroup", { label: group }, ...those.map(entry => option(entry.name, text(entry)))));
  }

  function controls(figure, meta, changed) {
    const place = figure.querySelector(".choice");
    if (place) return place;
    const set = key => value => { chosen[key] = value; changed(); };
    const budgets = meta.budgets.map(([name, title]) => option(name, title));
    const bar = make("div", { className: "choice" },
      select("Comparison", grouped(meta.comparisons, entry => entry.label), set("comparison")),
      select("against", budgets, set("budget")),
      make("p", { className: "key" }, make("span", { className: "level" }), make("span", { className: "reference" })),
      make("p", { className: "note" }));
    figure.prepend(bar);
    return bar;
  }

  function layout(panels, width) {
    const longest = Math.max(0, ...panels.flatMap(p => p.title ? p.title.text : []).map(line => line.length * LETTER));
    let columns = Math.min(panels.length, width < 640 ? 2 : 3);
    const each = () => Math.floor(width / columns) - MARGIN;
    while (columns > 1 && each() < longest) columns -= 1;
    panels.forEach(panel => { panel.width = each(); panel.height = panels.length === 1 ? 260 : 150; });
    return columns;
  }

  // The specification of what is chosen, laid out for a width; null where nothing varies. The figure gets its controls.
  function of(figure, whole, width, changed) {
    const { comparisons, budgets, panels } = whole.usermeta;
    const bar = controls(figure, whole.usermeta, changed);
    const [list, budgetList] = bar.querySelectorAll("select");
    const entry = comparisons.find(one => one.name === chosen.comparison) || comparisons[0];
    const budget = chosen.budget || budgets[0][0];
    [list.value, budgetList.value] = [entry.name, budget];
    bar.querySelector(".level").textContent = entry.level;
    bar.querySelector(".reference").textContent = entry.reference;
    const constant = entry.constant.length ? `The same throughout, and not drawn: ${entry.constant.join("; ")}.` : "";
    bar.querySelector(".note").textContent = constant;
    if (!entry.panels.length) return null;
    const shown = entry.panels.map(name => panels[budget][name]);
    const columns = layout(shown, width);
    const table = whole.datasets.table
      .filter(row => row.variant === entry.level || row.variant === entry.reference)
      .map(row => ({ ...row, role: row.variant === entry.level ? "level" : "reference" }));
    const apart = { x: "independent", y: "independent" };
    return { $schema: whole.$schema, config: whole.config, datasets: { table }, concat: shown, columns, spacing: 14,
      resolve: { scale: apart } };
  }

  return { of, make, grouped };
})();
