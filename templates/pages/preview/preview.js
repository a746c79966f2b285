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
  frames().forEach(attend);
}

// From a line of the manuscript to its place in the mail, and back at a double click.
const letters = (words) => words.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

function seek(frame) {
  const sought = letters(document.querySelector(".frames")?.dataset.sought ?? "");
  if (!sought) return;
  const found = [...frame.contentDocument.querySelectorAll("td, div, p, li, h1, h2, h3, a")]
    .filter((each) => letters(each.textContent).includes(sought))
    .pop(); // the innermost
  found?.scrollIntoView({ block: "center" });
}

function attend(frame) {
  const begin = () => {
    seek(frame);
    frame.contentDocument.addEventListener("dblclick", async (event) => {
      const block = event.target.closest("p, li, h1, h2, h3, td") ?? event.target;
      const place = document.querySelector(".frames").dataset.place;
      const answer = await fetch(`${place}?words=${encodeURIComponent(block.textContent.trim().slice(0, 1500))}`);
      if (answer.ok) location.href = (await answer.json()).open;
    });
  };
  if (frame.contentDocument?.readyState === "complete" && frame.contentDocument.body?.children.length) begin();
  else frame.addEventListener("load", begin, { once: true });
}

frames().forEach(attend);

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
