// The diagram: pan and zoom, focus by arrow keys, and the path from an edge back to the inputs.

const pane = byId("pane");
const diagram = byId("diagram");
const FULL = diagram.viewBox.baseVal;
const full = { x: FULL.x, y: FULL.y, width: FULL.width, height: FULL.height };
const LEAST_SCALE = 0.05, MOST_SCALE = 8, CLICK_PIXELS = 5, MARGIN = 10;
const looking = { x: 0, y: 0, scale: 1 }; // left, top, pixels per unit of the picture
let isAsOpened = true; // until somebody moves it

const nodes = new Map(); // id of a box -> its element; the ends of an edge that is cut lead to the same box
for (const group of diagram.querySelectorAll("g[data-box]:not([data-tag])")) nodes.set(group.dataset.box, group);
const edges = [...diagram.querySelectorAll("g[data-from]")].map((group) => (
  { group, from: group.dataset.from, to: group.dataset.to, port: Number(group.dataset.port || 0) }
));

function look() {
  const { clientWidth: width, clientHeight: height } = pane;
  diagram.setAttribute("viewBox", `${looking.x} ${looking.y} ${width / looking.scale} ${height / looking.scale}`);
}

// All of it; when the page is opened only as much, from the top, as can be read: its nine-unit labels in 11 pixels.
function showWhole(isFirst = false) {
  isAsOpened = isFirst;
  const fit = Math.min(pane.clientWidth / full.width, pane.clientHeight / full.height);
  const readable = Math.min(1.6, Math.max(1.25, pane.clientWidth / full.width));
  looking.scale = Math.min(1.6, isFirst && fit < 1.25 ? Math.max(fit, readable) : fit);
  looking.x = full.x + (full.width - pane.clientWidth / looking.scale) / 2;
  const room = pane.clientHeight / looking.scale - full.height;
  looking.y = full.y - Math.max(room, 0) / 2;
  look();
}

// Zooms so that the point under (left, top), in pixels of the pane, stays where it is.
function zoom(factor, left = pane.clientWidth / 2, top = pane.clientHeight / 2) {
  isAsOpened = false;
  const scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, looking.scale * factor));
  looking.x += left / looking.scale - left / scale;
  looking.y += top / looking.scale - top / scale;
  looking.scale = scale;
  look();
}

// What the pane shows when its size changes.
function onResize() {
  if (isAsOpened) showWhole(true);
  else look();
  if (chosen !== null) bringIntoView(chosen);
}

function bringIntoView(id) {
  const bounds = nodes.get(id).getBoundingClientRect();
  const around = pane.getBoundingClientRect();
  const move = (low, high, from, to) => {
    if (high - low > to - from - 2 * MARGIN) return (low + high) / 2 - (from + to) / 2;
    return Math.min(0, low - from - MARGIN) + Math.max(0, high - to + MARGIN);
  };
  looking.x += move(bounds.left, bounds.right, around.left, around.right) / looking.scale;
  looking.y += move(bounds.top, bounds.bottom, around.top, around.bottom) / looking.scale;
  look();
}

const placeIn = (event) => {
  const bounds = pane.getBoundingClientRect();
  return { left: event.clientX - bounds.left, top: event.clientY - bounds.top };
};

function listenToPointers() {
  const held = new Map(); // pointers that are down
  let moved = 0;
  diagram.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { left, top } = placeIn(event);
    zoom(2 ** (-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.002)), left, top);
  }, { passive: false });
  diagram.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (!held.size) moved = 0;
    held.set(event.pointerId, placeIn(event));
  });
  window.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before) return;
    const now = placeIn(event);
    moved += Math.hypot(now.left - before.left, now.top - before.top);
    const others = [...held.entries()].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    if (others.length) {
      const apart = (a) => Math.max(1, Math.hypot(a.left - others[0].left, a.top - others[0].top));
      zoom(apart(now) / apart(before), (now.left + others[0].left) / 2, (now.top + others[0].top) / 2);
    } else if (moved > CLICK_PIXELS) {
      pane.classList.add("dragging");
      isAsOpened = false;
      looking.x -= (now.left - before.left) / looking.scale;
      looking.y -= (now.top - before.top) / looking.scale;
      look();
    }
    held.set(event.pointerId, now);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    window.addEventListener(name, (event) => {
      held.delete(event.pointerId);
      if (!held.size) pane.classList.remove("dragging");
    });
  }
  diagram.addEventListener("click", (event) => {
    if (moved > CLICK_PIXELS) return;
    const node = event.target.closest("g[data-box]");
    const edge = edges.find((each) => each.group === event.target.closest("g[data-from]"));
    if (node) choose(node.dataset.box, { focus: true });
    else if (edge) choose(edge.from, { focus: true, port: edge.port });
  });
  for (const edge of edges) {
    edge.group.addEventListener("pointerenter", () => showPath(edge));
    edge.group.addEventListener("pointerleave", hidePath);
  }
}

// -- paths ------------------------------------------------------------------------------------

const sourcesOf = (id) => edges.filter((edge) => edge.to === id);
const readersOf = (id) => edges.filter((edge) => edge.from === id);

// Marks an edge and everything that it depends on.
function showPath(last) {
  const path = new Set([last]);
  const seen = new Set([last.from]);
  const open = [last.from];
  while (open.length) {
    for (const edge of sourcesOf(open.pop())) {
      path.add(edge);
      if (!seen.has(edge.from)) {
        seen.add(edge.from);
        open.push(edge.from);
      }
    }
  }
  seen.add(last.to);
  diagram.classList.add("has-path");
  for (const edge of edges) edge.group.classList.toggle("on-path", path.has(edge));
  for (const [id, group] of nodes) group.classList.toggle("on-path", seen.has(id));
}

function hidePath() {
  diagram.classList.remove("has-path");
  for (const group of diagram.querySelectorAll(".on-path")) group.classList.remove("on-path");
}

// -- keys -------------------------------------------------------------------------------------

const centre = (id) => {
  const bounds = nodes.get(id).getBBox();
  return { x: bounds.x + bounds.width / 2, y: bounds.y + bounds.height / 2 };
};

// The neighbour that an arrow key leads to: up to what a node reads, down to what reads it, else by place.
function neighbour(id, key) {
  const linked = { ArrowUp: sourcesOf(id).map((e) => e.from), ArrowDown: readersOf(id).map((e) => e.to) }[key] || [];
  const here = centre(id);
  const isUpright = key === "ArrowUp" || key === "ArrowDown";
  const sign = key === "ArrowUp" || key === "ArrowLeft" ? -1 : 1;
  let best = null, least = Infinity;
  for (const other of linked.length ? linked : nodes.keys()) {
    if (other === id || !nodes.has(other)) continue;
    const there = centre(other);
    const along = sign * (isUpright ? there.y - here.y : there.x - here.x);
    const across = Math.abs(isUpright ? there.x - here.x : there.y - here.y);
    const distance = linked.length ? across + 0.1 * Math.abs(along) : along + 3 * across;
    if ((linked.length || along > 1) && distance < least) [best, least] = [other, distance];
  }
  return best;
}

function nodeLabel(id) {
  const known = data.boxes[id];
  const types = (known.outputs || []).slice(0, 1).map((port) => port.type);
  const flags = flagsOf(known);
  return [known.name, known.kind === "node" ? "" : known.kind, known.op, ...types, ...known.marks, ...flags]
    .filter(Boolean).join(", ");
}

function makeNodesButtons() {
  diagram.setAttribute("role", "group");
  diagram.setAttribute("aria-label", `${data.graph.name}: ${nodes.size} boxes. Arrow keys lead along the edges.`);
  for (const [id, group] of nodes) {
    group.setAttribute("role", "button");
    group.setAttribute("tabindex", "-1");
    group.setAttribute("aria-label", nodeLabel(id));
    if (flagsOf(data.boxes[id]).length) {
      const bounds = group.getBBox();
      group.append(shape("text", { class: "warning", x: bounds.x + bounds.width + 3, y: bounds.y + 4 }, "⚠"));
    }
    group.addEventListener("focus", () => choose(id, {}));
    group.addEventListener("keydown", (event) => onNodeKey(event, id));
  }
  const first = nodes.values().next().value;
  if (first) first.setAttribute("tabindex", "0");
}

function onNodeKey(event, id) {
  const ids = [...nodes.keys()];
  const ends = { Home: ids[0], End: ids[ids.length - 1] };
  const next = ends[event.key] || (event.key.startsWith("Arrow") ? neighbour(id, event.key) : null);
  if (next) choose(next, { focus: true });
  else if (event.key === "Enter" || event.key === " ") byId("panel").focus();
  else if (event.key === "Escape") choose(null, {});
  else if (!event.key.startsWith("Arrow")) return;
  event.preventDefault();
}
