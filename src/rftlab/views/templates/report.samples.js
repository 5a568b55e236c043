// What the model wrote: a comparison and one of its queries, chosen from lists. Text of models enters as text alone.
(() => {
  const { make, grouped } = choice;

  function answer(title, shown, texts) {
    const said = make("p", { className: "verdict" }, shown.verdict);
    if (shown.extracted !== null) said.append(" · extracted ", make("code", { textContent: shown.extracted }));
    const note = shown.seeds ? [make("p", { className: "note", textContent: shown.seeds })] : [];
    return make("div", { className: `answer${shown.right ? " right" : ""}` },
      make("h4", { textContent: title }), said, ...note, make("pre", { textContent: texts[shown.text] }));
  }

  function sample(entry, query, texts) {
    const about = make("p", {}, make("strong", { textContent: query.set }), ` · ${query.kind} · right answer `,
      make("code", { textContent: texts[query.answer] }));
    return make("div", { className: "sample" }, about,
      make("pre", { className: "question", textContent: texts[query.question] }),
      make("div", { className: "answers" }, answer("Base model", query.base, texts),
        answer(entry.reference, query.reference, texts), answer(entry.level, query.level, texts)));
  }

  function labelled(text, list, changed) {
    list.addEventListener("change", changed);
    return make("label", {}, `${text} `, list);
  }

  async function show(place) {
    const { comparisons, texts } = await unpack(place.querySelector("script").textContent);
    const comparison = make("select", {}, ...grouped(comparisons, entry => `${entry.level} vs ${entry.reference}`));
    const query = make("select", {});
    const shown = make("div", {});
    const entry = () => comparisons.find(one => one.name === comparison.value);
    const draw = () => shown.replaceChildren(sample(entry(), entry().queries[query.value], texts));
    const step = by => () => {
      const count = entry().queries.length;
      query.value = (Number(query.value) + by + count) % count;
      draw();
    };
    const button = (text, label, by) => {
      const made = make("button", { type: "button", textContent: text });
      made.setAttribute("aria-label", label);
      made.addEventListener("click", step(by));
      return made;
    };
    const list = () => {
      const queries = entry().queries.map((one, i) =>
        ({ group: one.kind, name: i, text: `${one.set}: ${texts[one.question].slice(0, 40)}` }));
      query.replaceChildren(...grouped(queries, one => one.text));
      query.value = 0;
      draw();
    };
    const steps = make("span", {}, button("‹", "the query before", -1), " ", button("›", "the next query", 1));
    place.replaceChildren(make("div", { className: "choice" }, labelled("Comparison", comparison, list),
      labelled("Query", query, draw), steps), shown);
    list();
  }

  document.querySelectorAll(".samples").forEach(show);
})();
