// What was saved appears by itself, where one was; without scripts, reload.
"use strict";

const ONE_BY_ONE = ".side, .tools, .tabs, .inspect";
const frames = () => [...document.querySelectorAll("iframe")];

async function rebuilt() {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return; // what is shown stays
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.title = page.title;
  const places = frames().map((frame) => frame.contentWindow?.scrollY ?? 0);
  const kept = [...document.querySelectorAll(".inspect, .side")].map((each) => each.scrollTop);
  document.querySelector(".app").replaceWith(page.querySelector(".app"));
  document.querySelectorAll(".inspect, .side").forEach((each, n) => (each.scrollTop = kept[n] ?? 0));
  frames().forEach((frame, n) =>
    frame.addEventListener("load", () => frame.contentWindow?.scrollTo(0, places[n] ?? 0), { once: true }),
  );
}

const stream = new EventSource(`/changes?since=${document.body.dataset.mark}`);
stream.addEventListener("rebuilt", rebuilt);
stream.addEventListener("error", () => document.body.classList.add("gone"));
stream.addEventListener("open", () => document.body.classList.remove("gone"));

const cycle = (key) => {
  const all = [...document.querySelectorAll(`.choice a[data-key="${key}"]`)];
  const now = all.findIndex((each) => each.hasAttribute("aria-current"));
  all[(now + 1) % all.length]?.click();
};
const KEYS = {
  m: () => cycle("width"),
  d: () => cycle("appearance"),
  t: () => document.querySelectorAll(".tabs a")[1]?.click(),
  r: () => document.querySelectorAll(".tabs a")[0]?.click(),
  1: () => document.querySelectorAll('.choice a[data-key="variant"]')[0]?.click(),
  2: () => document.querySelectorAll('.choice a[data-key="variant"]')[1]?.click(),
  3: () => document.querySelectorAll('.choice a[data-key="variant"]')[2]?.click(),
  j: () => step(1),
  k: () => step(-1),
};

function step(by) {
  const all = [...document.querySelectorAll(".checks a")];
  const now = all.indexOf(document.activeElement);
  all[Math.min(Math.max(now + by, 0), all.length - 1)]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  KEYS[event.key]?.();
});
