// What is chosen, and the keys that work everywhere.

let chosen = null;

// Shows a box, or the graph where `id` is null. `focus` moves the keyboard to its node, `port` opens that output.
function choose(id, { focus = false, port = 0 }) {
  if (id !== null && !nodes.has(id)) return;
  if (id !== chosen || port) {
    chosen = id;
    for (const [other, group] of nodes) {
      group.classList.toggle("selected", other === id);
      group.setAttribute("aria-pressed", String(other === id));
      if (id !== null) group.setAttribute("tabindex", other === id ? "0" : "-1");
    }
    hidePath();
    if (id === null) showGraph();
    else showBox(id, port);
  }
  if (id !== null) bringIntoView(id);
  if (id !== null && focus) nodes.get(id).focus({ preventScroll: true });
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target === search) return;
  const zooms = { "+": 1.25, "=": 1.25, "-": 0.8 };
  if (zooms[event.key]) zoom(zooms[event.key]);
  else if (event.key === "0") showWhole();
  else if (event.key === "/") search.focus();
  else if (event.key === "Escape" && panel.contains(event.target) && chosen !== null) nodes.get(chosen).focus();
  else return;
  event.preventDefault();
}

// `page.html#room` opens at the box of that name.
function openLinked() {
  const name = new URLSearchParams(location.hash.replace("#", "box=")).get("box"); // never throws on a stray %
  const id = [...nodes.keys()].find((each) => each === name || data.boxes[each].name === name);
  if (id) choose(id, {});
}

byId("name").textContent = data.graph.name;
byId("clock").textContent = data.graph.clock;
byId("zoom-in").addEventListener("click", () => zoom(1.25));
byId("zoom-out").addEventListener("click", () => zoom(0.8));
byId("zoom-fit").addEventListener("click", () => showWhole());
document.addEventListener("keydown", onKey);
new ResizeObserver(onResize).observe(pane);
makeNodesButtons();
listenToPointers();
listenToSearch();
showWhole(true);
showGraph();
openLinked();
window.addEventListener("hashchange", openLinked);
