// Charts as SVG: curves, waveforms, images, with ticks that were chosen when the page was written.

const CHART = { width: 440, right: 10, top: 8, bottom: 20 };
const LABEL_WIDTH = 46, NOTE_LABEL_WIDTH = 80; // left of the y axis: numbers, or "A9 14080 Hz"
const GAP = 65535;
const NOTES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];

function placeOf(axis, value) {
  return axis.log
    ? Math.log(value / axis.low) / Math.log(axis.high / axis.low)
    : (value - axis.low) / (axis.high - axis.low);
}

function valueAt(axis, place) {
  return axis.log ? axis.low * (axis.high / axis.low) ** place : axis.low + place * (axis.high - axis.low);
}

// "A3 +11 cents": the nearest note of equal temperament.
function noteText(midi) {
  const nearest = Math.round(midi);
  const cents = Math.round(100 * (midi - nearest));
  const name = NOTES[((nearest % 12) + 12) % 12] + (Math.floor(nearest / 12) - 1);
  return cents ? `${name} ${cents > 0 ? "+" : "−"}${Math.abs(cents)} cents` : name;
}

function valueText(value, unit) {
  const text = String(Number(value.toPrecision(4))).replace("-", "−");
  if (unit === "Hz" && value >= 16) return `${text} Hz, ${noteText(69 + 12 * Math.log2(value / 440))}`;
  if (unit === "midi") return `${text}, ${noteText(value)}`;
  return unit ? `${text} ${unit}` : text;
}

// A figure of one chart; `figure.mark(place)` shows where the player is, `figure.seek` is called with a place.
function drawChart(chart) {
  const tall = chart.png ? 150 : chart.filled ? 96 : 132;
  const height = CHART.top + tall + CHART.bottom;
  const left = chart.y.ticks.some(([, label]) => label.length > 6) ? NOTE_LABEL_WIDTH : LABEL_WIDTH;
  const wide = CHART.width - left - CHART.right;
  const ground = { x: left, y: CHART.top, width: wide, height: tall };
  const x = (place) => left + place * wide;
  const y = (place) => CHART.top + (1 - place) * tall;
  const svg = shape("svg", { viewBox: `0 0 ${CHART.width} ${height}`, class: "chart", role: "img" });
  svg.setAttribute("aria-label", chartText(chart));
  const kind = chart.y.log ? "smooth" : "stepped"; // a spectrogram, or channels
  svg.append(chart.png
    ? shape("image", { href: chart.png, class: kind, preserveAspectRatio: "none", ...ground })
    : shape("rect", { class: "ground", ...ground }));
  for (const [value, label] of chart.y.ticks) {
    const at = y(placeOf(chart.y, value));
    if (!chart.png) svg.append(shape("line", { class: "grid", x1: x(0), x2: x(1), y1: at, y2: at }));
    svg.append(shape("text", { class: "tick", x: left - 6, y: at + 3.5, "text-anchor": "end" }, label));
  }
  const seconds = chart.x.unit === "s" ? " s" : "";
  for (const [value, label] of chart.x.ticks) {
    const place = placeOf(chart.x, value);
    const anchor = place > 0.96 ? "end" : "middle";
    svg.append(shape("line", { class: "tickmark", x1: x(place), x2: x(place), y1: y(0), y2: y(0) + 4 }));
    svg.append(shape("text", { class: "tick", x: x(place), y: height - 4, "text-anchor": anchor }, label + seconds));
  }
  for (const [i, line] of (chart.lines || []).entries()) drawLine(svg, chart, line, i, x, y);
  const cursor = shape("line", { class: "cursor", x1: x(0), x2: x(0), y1: y(1), y2: y(0), visibility: "hidden" });
  svg.append(cursor);
  const readout = element("span", { class: "readout" });
  const figure = element("figure", {}, caption(chart, readout), svg);
  figure.mark = (place) => {
    cursor.setAttribute("visibility", "visible");
    for (const end of ["x1", "x2"]) cursor.setAttribute(end, x(Math.min(place, 1)));
  };
  figure.seek = null;
  const placeUnder = (event) => {
    const bounds = svg.getBoundingClientRect();
    const across = ((event.clientX - bounds.left) / bounds.width) * CHART.width;
    const down = ((event.clientY - bounds.top) / bounds.height) * height;
    const place = [(across - left) / wide, 1 - (down - CHART.top) / tall];
    return place[0] >= 0 && place[0] <= 1 ? place : null;
  };
  svg.addEventListener("pointermove", (event) => {
    const place = placeUnder(event);
    readout.textContent = place ? readoutText(chart, place) : "";
  });
  svg.addEventListener("pointerleave", () => (readout.textContent = ""));
  svg.addEventListener("click", (event) => {
    const place = placeUnder(event);
    if (place && figure.seek) figure.seek(place[0]);
  });
  return figure;
}

function caption(chart, readout) {
  const said = [chart.title, chart.x.unit === "s" ? "" : chart.x.label].filter(Boolean).join(", over ");
  const key = chart.png
    ? element("span", { class: "key" }, chart.range[0], element("img", { src: data.ramp, alt: "to" }),
        `${chart.range[1]} ${chart.unit}`)
    : curveKey(chart.lines);
  return element("figcaption", {}, element("span", {}, said), readout, key);
}

// Several curves are told apart by name.
function curveKey(lines) {
  const named = lines.map((line, i) => [line.name, i]).filter(([name]) => name);
  if (named.length < 2 || lines.length > 4) return null;
  return element("span", { class: "key" }, named.map(([name, i]) => element("span", { class: "key" },
    shape("svg", { viewBox: "0 0 14 8", class: "swatch", "aria-hidden": "true" },
      shape("line", { class: `line line${i}`, x1: 1, x2: 13, y1: 4, y2: 4 })), name)));
}

function chartText(chart) {
  const range = (axis) => `${valueText(axis.low, "")} to ${valueText(axis.high, "")} ${axis.unit || axis.label}`.trim();
  return `${chart.title || "curve"}: ${range(chart.x)}, ${range(chart.y)}`;
}

// A curve as a path; where a column holds several points, the area between the least and the largest.
function drawLine(svg, chart, line, index, x, y) {
  const low = numbers(line.low);
  const high = line.high ? numbers(line.high) : low;
  const point = (levels, i) => `${x((i + 0.5) / low.length).toFixed(1)},${y(levels[i] / (GAP - 1)).toFixed(1)}`;
  let path = "";
  for (let begin = 0; begin < low.length; begin++) {
    if (low[begin] === GAP) continue;
    let end = begin;
    while (end + 1 < low.length && low[end + 1] !== GAP) end++;
    path += `M${point(high, begin)}`;
    for (let i = begin + 1; i <= end; i++) path += `L${point(high, i)}`;
    if (end === begin) path += "h0.01";
    if (line.high) {
      for (let i = end; i >= begin; i--) path += `L${point(low, i)}`;
      path += "Z";
    }
    begin = end;
  }
  const kinds = `line line${chart.lines.length > 4 ? 0 : index}${line.high ? " area" : ""}`;
  svg.append(shape("path", { class: kinds, d: path }, line.name ? shape("title", {}, line.name) : null));
}

function readoutText(chart, [across, up]) {
  const time = `${valueText(valueAt(chart.x, across), chart.x.unit || "")}`;
  if (chart.png) {
    const height = valueAt(chart.y, Math.min(Math.max(up, 0), 1));
    return `${time}: ${chart.y.log ? valueText(height, "Hz") : `channel ${Math.floor(height) + 1}`}`;
  }
  const said = chart.lines.slice(0, 2).map((line) => {
    const ends = [line.low, line.high].filter(Boolean).map((text) => {
      const levels = numbers(text);
      const level = levels[Math.min(levels.length - 1, Math.floor(across * levels.length))];
      return level === GAP ? null : valueAt(chart.y, level / (GAP - 1));
    });
    if (ends.some((value) => value === null)) return "–";
    const [low, high] = [ends[0], ends[ends.length - 1]];
    if (high - low < (chart.y.high - chart.y.low) / 500) return valueText(high, chart.y.unit);
    return `${valueText(low, "")} to ${valueText(high, chart.y.unit)}`;
  });
  return `${time}: ${said.join(" | ")}`;
}
