// One signal: what is wrong with it, its charts, the player, its numbers.

function signalView(index, name) {
  const view = data.views[index];
  const figures = view.charts.map(drawChart);
  return element("div", { class: "view" },
    view.flags.map((flag) =>
      element("p", { class: `flag ${flag.kind}` }, element("strong", {}, `⚠ ${flag.word}: `), flag.text)),
    view.numbers ? element("p", { class: "numbers" }, view.numbers) : null,
    figures,
    view.sound ? player(view, figures, name) : null,
    view.sound ? compareButtons(view, name) : null,
    view.note || view.cut ? element("p", { class: "quiet" }, [view.note, view.cut].filter(Boolean).join("; ")) : null,
    element("dl", { class: "stats" },
      view.stats.map(([key, value]) => element("div", {}, element("dt", {}, key), element("dd", {}, value)))),
  );
}

// A player whose place shows in the charts; a click into a chart moves it there.
function player(view, figures, name) {
  const audio = element("audio", { controls: true, preload: "metadata", src: view.sound, "aria-label": `Play ${name}` });
  const seconds = view.charts.length ? view.charts[0].x.high : 0;
  const mark = () => figures.forEach((figure) => figure.mark(audio.currentTime / seconds));
  const follow = () => {
    mark();
    if (!audio.paused) requestAnimationFrame(follow);
  };
  audio.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
    follow();
  });
  audio.addEventListener("seeked", mark);
  for (const figure of figures) {
    figure.classList.add("seekable");
    figure.seek = (place) => (audio.currentTime = place * seconds);
  }
  return audio;
}

// -- A and B ------------------------------------------------------------------------------------

const compared = { A: null, B: null }; // what was chosen: a view and its name
let heard = "A";

function compareButtons(view, name) {
  return element("p", { class: "links" }, ["A", "B"].map((letter) => element("button",
    { type: "button", class: "compare", click: () => { compared[letter] = { view, name }; showCompared(letter); } },
    `as ${letter}`)));
}

// One player of two sounds: the switch keeps the place and goes on playing.
function showCompared(letter) {
  const old = byId("compare").querySelector("audio");
  const place = old ? old.currentTime : 0;
  const plays = old ? !old.paused : false;
  if (old) old.pause();
  heard = letter;
  const { view, name } = compared[letter];
  const audio = element("audio", { controls: true, preload: "auto", src: view.sound, "aria-label": `Play ${letter}: ${name}` });
  audio.addEventListener("loadedmetadata", () => {
    audio.currentTime = Math.min(place, audio.duration || 0);
    if (plays) audio.play();
  });
  audio.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
  });
  byId("compare").replaceChildren(...["A", "B"].filter((each) => compared[each]).map((each) => element("button",
    { type: "button", "aria-pressed": String(each === heard), click: () => showCompared(each) },
    `${each}: ${compared[each].name}`)), audio);
}

// What is wrong with the signals that a box makes, each thing once.
function flagsOf(box) {
  const views = (box.outputs || []).map((port) => data.views[port.view]).filter(Boolean);
  return [...new Set(views.flatMap((view) => view.flags.map((flag) => flag.word)))];
}
