// Search: boxes whose name, op, port, unit or doc has all of the words.

const search = byId("search");
let hits = [];

function textOf(known) {
  const ports = [...(known.inputs || []), ...(known.outputs || [])].flatMap((port) => [port.port, port.type]);
  const params = (known.params || []).map((param) => param.name);
  return [known.name, known.kind, known.op, known.doc, ...known.marks, ...ports, ...params].join(" ").toLowerCase();
}

function find() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const isFound = (id) => words.every((word) => textOf(data.boxes[id]).includes(word));
  const isNamed = (id) => words.every((word) => `${data.boxes[id].name} ${data.boxes[id].op}`.toLowerCase().includes(word));
  hits = words.length ? [...nodes.keys()].filter(isFound).sort((a, b) => isNamed(b) - isNamed(a)) : [];
  diagram.classList.toggle("has-search", words.length > 0);
  for (const [id, group] of nodes) group.classList.toggle("found", hits.includes(id));
  byId("found").textContent = words.length ? `${hits.length} of ${nodes.size}` : "";
  if (hits.length) bringIntoView(hits[0]);
}

// Enter goes from one hit to the next and leaves the focus in the field; Escape ends the search.
function listenToSearch() {
  search.addEventListener("input", find);
  byId("find").addEventListener("submit", (event) => {
    event.preventDefault();
    if (hits.length) choose(hits[(hits.indexOf(chosen) + 1) % hits.length], {});
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && hits.length) {
      event.preventDefault();
      choose(hits.includes(chosen) ? chosen : hits[0], { focus: true });
    } else if (event.key === "Escape") {
      search.value = "";
      find();
    }
  });
}
