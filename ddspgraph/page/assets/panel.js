// The panel: the graph as a whole, or one box of it.

const panel = byId("panel");
const HELP = [
  ["drag, wheel, pinch", "move and zoom the diagram; + − 0 on a keyboard"],
  ["Tab, then arrows", "from node to node along the edges; Enter goes to the details, Escape back"],
  ["an edge", "point at it to see what it depends on, click it for its signal"],
  ["/", "find a node, op or port"],
];
const STROKES = [["audio", "audio"], ["frame", "frame rate"], ["const", "constant"]];

const section = (title, ...content) => element("section", {}, element("h3", {}, title), content);

// A button that leads to a box.
function link(id, text) {
  const known = data.boxes[id];
  return element("button", { type: "button", class: "link", click: () => choose(id, { focus: true }) },
    text || known.name);
}

// -- the graph --------------------------------------------------------------------------------

function showGraph() {
  const kinds = [["input", "Inputs"], ["node", "Nodes"], ["loss", "Losses"], ["output", "Outputs"]];
  const hint = data.has_signals
    ? "Choose a node to see and hear the signals on its ports."
    : "Without signals: write the page with --input NAME=FILE to see and hear them.";
  panel.replaceChildren(
    element("h2", {}, data.graph.name),
    data.graph.doc ? element("p", { class: "doc" }, data.graph.doc) : "",
    element("p", { class: "quiet" }, hint),
    ...(data.graph.warnings.length
      ? [section("Warnings", element("ul", { class: "warnings" }, data.graph.warnings.map((w) => element("li", {}, w))))]
      : []),
    ...kinds.map(([kind, title]) => boxList(kind, title)).filter(Boolean),
    section("Strokes", element("ul", { class: "strokes" }, STROKES.map(([kind, text]) => element("li", {},
      shape("svg", { viewBox: "0 0 40 8", class: `stroke ${kind}`, "aria-hidden": "true" },
        shape("line", { x1: 1, x2: 39, y1: 4, y2: 4 })), text)),
      element("li", {}, "double outline: trainable"), element("li", {}, "dashed: random"))),
    section("How to look around", element("dl", { class: "help" },
      HELP.map(([key, text]) => element("div", {}, element("dt", {}, key), element("dd", {}, text))))),
  );
}

function boxList(kind, title) {
  const found = Object.entries(data.boxes).filter(([, known]) => known.kind === kind);
  if (!found.length) return null;
  const rows = found.map(([id, known]) => {
    const flags = flagsOf(known);
    return element("li", {}, link(id), element("span", { class: "quiet" }, [known.op, ...known.marks].filter(Boolean).join(", ")),
      flags.length ? element("span", { class: "flagged" }, `⚠ ${flags.join(", ")}`) : null);
  });
  return section(title, element("ul", { class: "boxes" }, rows));
}

// -- one box ----------------------------------------------------------------------------------

function showBox(id, portIndex) {
  const known = data.boxes[id];
  const isEnd = known.kind === "output";
  const about = [known.kind === "node" ? "" : known.kind, known.op, ...known.marks];
  panel.replaceChildren(
    element("div", { class: "head" },
      element("h2", {}, known.name),
      element("button", { type: "button", class: "close", "aria-label": "Close", title: "Close (Escape)",
        click: () => choose(null, {}) }, "×")),
    element("p", { class: "op" }, about.filter(Boolean).join(" · ")),
    known.doc ? element("p", { class: "doc" }, known.doc) : "",
    ...(known.outputs ? [section(known.kind === "input" ? "Signal" : "Outputs", known.outputs.map((port, i) => portView(id, port, i, portIndex)))] : []),
    ...(known.inputs && known.inputs.length ? [section(isEnd ? "Signal" : "Inputs", known.inputs.map((port) => portView(id, port)))] : []),
    ...(known.params && known.params.length ? [section("Parameters", paramTable(known.params))] : []),
    ...(known.weights && known.weights.length ? [section("Weights", weightTable(known.weights))] : []),
    ...(known.yaml ? [section(`${known.yaml.file}, line ${known.yaml.first}`, yamlLines(known.yaml))] : []),
    ...(known.about ? [section(`The op ${known.op}`, element("p", { class: "formula" }, known.about.text),
      known.about.source ? element("p", { class: "quiet" }, `Source: ${known.about.source}`) : "")] : []),
  );
  panel.scrollTop = 0;
  const wanted = portIndex ? panel.querySelectorAll("details.output")[portIndex] : null;
  if (wanted) wanted.scrollIntoView({ block: "nearest" });
}

// A port; its signal is drawn when it is opened. `index` is that of an output.
function portView(id, port, index, wanted = 0) {
  const isOutput = index !== undefined;
  const hasView = port.view !== null && port.view !== undefined;
  const isOpen = hasView && (isOutput ? index === wanted : data.boxes[id].kind === "output");
  const summary = element(hasView ? "summary" : "div", { class: "port" },
    element("strong", {}, port.port), " ", element("span", { class: "type" }, port.type),
    hasView && data.views[port.view].flags.length ? element("span", { class: "flagged" }, " ⚠") : null);
  const more = element("div", { class: "more" },
    port.doc ? element("p", { class: "quiet" }, port.doc) : null,
    isOutput ? null : sourceOf(id, port),
    isOutput && port.readers && port.readers.length
      ? element("p", { class: "links" }, element("span", { class: "quiet" }, "read by "), port.readers.map((r) => link(r)))
      : null);
  if (!hasView) return element("div", { class: "closed" }, summary, more);
  const whole = element("details", { class: isOutput ? "output" : "input", open: isOpen }, summary, more);
  const draw = () => {
    if (whole.open && !whole.querySelector(".view")) {
      whole.append(signalView(port.view, `${data.boxes[id].name}, ${port.port}`));
    }
  };
  whole.addEventListener("toggle", draw);
  draw();
  return whole;
}

// Where an input comes from. Focusing it shows the path, as pointing at the edge does.
function sourceOf(id, port) {
  if (port.literal) return element("p", { class: "numbers" }, port.literal, converted(port));
  if (!port.from) return element("p", { class: "quiet" }, `from ${port.ref}`);
  const edge = edges.find((each) => each.from === port.from && each.to === id);
  const button = link(port.from, port.ref);
  if (edge) {
    for (const name of ["focus", "pointerenter"]) button.addEventListener(name, () => showPath(edge));
    for (const name of ["blur", "pointerleave"]) button.addEventListener(name, hidePath);
  }
  return element("p", { class: "links" }, element("span", { class: "quiet" }, "from "), button);
}

// Beside the words of the author, what the compiler made of them.
const converted = (known) => known.converted
  ? element("span", { class: "quiet" }, ` (${known.converted})`) : null;

// A long name breaks after its underscores.
const breakable = (name) => name.split(/(?<=_)/).flatMap((part) => [part, element("wbr")]);

function paramTable(params) {
  return element("table", {}, element("tbody", {}, params.map((param) =>
    element("tr", { class: param.changed ? "changed" : "" },
      element("th", { scope: "row" }, breakable(param.name)),
      element("td", {}, element("span", { class: "value" }, param.value), converted(param),
        param.changed && param.default ? element("span", { class: "quiet" }, ` instead of ${param.default}`) : null,
        param.default === "clock" ? element("span", { class: "quiet" }, " from the clock") : null,
        element("p", { class: "quiet" }, param.doc))))));
}

function weightTable(weights) {
  return element("table", {}, element("tbody", {}, weights.map(([name, size, count]) =>
    element("tr", {}, element("th", { scope: "row" }, breakable(name)), element("td", {}, `${size}, ${count} numbers`)))));
}

// The first line has its true number; the others count on from it.
function yamlLines(yaml) {
  return element("pre", { class: "yaml", tabindex: "0" }, yaml.lines.map((line, i) => element("span", { class: "line" },
    element("span", { class: "number", "aria-hidden": "true" }, String(yaml.first + i).padStart(4)), ` ${line}\n`)));
}
