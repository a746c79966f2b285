// What was saved appears by itself, where one was; without scripts, reload.
"use strict";

const REGIONS = [".side", ".tools", ".tabs", ".above", ".inspect"];
const frames = () => [...document.querySelectorAll("iframe")];

// The mail first, which is what one looks at; then everything that is said of it.
async function rebuilt() {
  await Promise.all(frames().map(reload));
  await swap();
}

function reload(frame) {
  const place = frame.contentWindow?.scrollY ?? 0;
  return new Promise((done) => {
    frame.addEventListener("load", () => {
      frame.contentWindow?.scrollTo(0, place);
      heed(frame);
      done();
    }, { once: true });
    setTimeout(done, 5000); // a frame that never loads keeps nothing else waiting
    frame.contentWindow?.location.reload();
  });
}

async function swap() {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return; // what is shown stays
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.title = page.title;
  const [old, fresh] = [document, page].map((each) => each.querySelector(".frames"));
  const stays = old && fresh && old.querySelectorAll("iframe").length === fresh.querySelectorAll("iframe").length;
  for (const name of stays ? REGIONS : [".side", ".tools", ".stage", ".inspect"]) {
    const [was, becomes] = [document, page].map((each) => each.querySelector(name));
    const kept = was.scrollTop;
    const opened = [...was.querySelectorAll("details")].map((each) => each.open);
    was.replaceWith(becomes);
    becomes.scrollTop = kept;
    const folds = [...becomes.querySelectorAll("details")];
    if (folds.length === opened.length) folds.forEach((each, n) => (each.open = opened[n]));
  }
  if (stays) Object.assign(old.dataset, { ...fresh.dataset });
  else frames().forEach(attend);
}

// Any width: by the mouse, a finger, or the arrows; it stands in the address.
function widen(handle, pixels) {
  const least = Number(handle.getAttribute("aria-valuemin"));
  const most = Number(handle.getAttribute("aria-valuemax"));
  const wide = String(Math.round(Math.min(Math.max(pixels, least), most)));
  handle.previousElementSibling.style.setProperty("--wide", `${wide}px`);
  handle.setAttribute("aria-valuenow", wide);
  handle.firstElementChild.textContent = wide;
  const url = new URL(location.href);
  url.searchParams.set("width", wide);
  history.replaceState(null, "", url);
  clearTimeout(widen.later);
  widen.later = setTimeout(swap, 400); // so that links keep it
}

document.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest?.(".handle");
  if (!handle) return;
  const area = handle.closest(".frames");
  const begun = { x: event.clientX, wide: Number(handle.getAttribute("aria-valuenow")) };
  const moved = (now) => {
    const both = area.scrollWidth > area.clientWidth ? 1 : 2; // centred, it grows on both sides
    widen(handle, begun.wide + both * (now.clientX - begun.x));
  };
  area.classList.add("dragged");
  handle.setPointerCapture(event.pointerId);
  handle.addEventListener("pointermove", moved);
  handle.addEventListener("lostpointercapture", () => {
    handle.removeEventListener("pointermove", moved);
    area.classList.remove("dragged");
  }, { once: true });
});

document.addEventListener("keydown", (event) => {
  const handle = event.target.closest?.(".handle");
  const step = { ArrowLeft: -10, ArrowRight: 10, PageDown: -100, PageUp: 100 }[event.key];
  const end = { Home: 0, End: 1e4 }[event.key];
  if (!handle || (step ?? end) === undefined) return;
  event.preventDefault();
  widen(handle, end ?? Number(handle.getAttribute("aria-valuenow")) + step);
});

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
    heed(frame);
  };
  if (frame.contentDocument?.readyState === "complete" && frame.contentDocument.body?.children.length) begin();
  else frame.addEventListener("load", begin, { once: true });
}

function heed(frame) {
  frame.contentDocument.addEventListener("dblclick", async (event) => {
    const block = event.target.closest("p, li, h1, h2, h3, td") ?? event.target;
    const place = document.querySelector(".frames").dataset.place;
    const answer = await fetch(`${place}?words=${encodeURIComponent(block.textContent.trim().slice(0, 1500))}`);
    if (answer.ok) location.href = (await answer.json()).open;
  });
}

document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
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
  t: () => document.querySelector("[data-tab=text]")?.click(),
  r: () => document.querySelector("[data-tab=seen]")?.click(),
  1: () => document.querySelectorAll('.choice a[data-key="variant"]')[0]?.click(),
  2: () => document.querySelectorAll('.choice a[data-key="variant"]')[1]?.click(),
  3: () => document.querySelectorAll('.choice a[data-key="variant"]')[2]?.click(),
  j: () => step(1),
  k: () => step(-1),
  ".": () => document.querySelector("[data-act=test]")?.click(),
  a: () => document.querySelector("[data-act=approve]")?.click(),
  p: () => document.querySelector("[data-act=schedule]")?.click(),
  f: () => (document.activeElement.closest(".checks li")?.querySelector("[data-mend]") ?? document.querySelector("[data-mend='']") ?? document.querySelector("[data-mend]"))?.click(),
  "?": () => document.querySelector("dialog.keys").showModal(),
};

function step(by) {
  const all = [...document.querySelectorAll(".checks a")];
  const now = all.indexOf(document.activeElement);
  all[Math.min(Math.max(now + by, 0), all.length - 1)]?.focus();
}

// A field that its dialog took away keeps the focus until the next frame is drawn.
const isTaken = (element) => element.checkVisibility() && element.closest("input, textarea, select, dialog");

// What this browser remembers of who sits before it, if it may.
function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // until the page is left
  }
}

// Whoever dictates, or brushes keys, can switch them off (WCAG 2.2, 2.1.4).
const keys = document.querySelector("dialog.keys [role=switch]");
keys.checked = recall("keys") !== "off";
keys.addEventListener("change", () => keep("keys", keys.checked ? "on" : "off"));

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTaken(event.target)) return;
  if (!keys.checked || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});

// What can be done: asked in a dialog, sent with the token that this page alone knows.
const dialog = document.querySelector("dialog.act");

const where = (name) => `/act/${name}/${document.body.dataset.name}${location.search}`;

async function act(name, body) {
  const headers = { "X-Mailer-Token": document.body.dataset.token, "Content-Type": "application/json" };
  const answer = await fetch(where(name), { method: "POST", headers, body: JSON.stringify(body) }).catch(() => null);
  return answer?.ok ? answer.json() : { done: false, lines: [dialog.dataset.failed] };
}

async function ask(name) {
  const answer = await fetch(where(name)).catch(() => null);
  if (!answer?.ok) return tell(toast, { done: false, lines: [dialog.dataset.failed] });
  dialog.innerHTML = await answer.text();
  for (const field of dialog.querySelectorAll("[data-kept]")) field.value = recall(field.dataset.kept) ?? field.value;
  dialog.dataset.asks = name;
  if (!dialog.open) dialog.showModal();
}

async function done(form, button) {
  const data = new FormData(form, button);
  const body = { ...Object.fromEntries(data), seen: dialog.dataset.seen };
  for (const { name } of form.querySelectorAll("[type=checkbox]")) body[name] = data.getAll(name);
  for (const field of form.querySelectorAll("[data-kept]")) keep(field.dataset.kept, field.value);
  form.inert = form.ariaBusy = true;
  const told = await act(button.dataset.does, body);
  form.inert = form.ariaBusy = false;
  if (told.done) {
    await swap();
    if (button.dataset.does !== "test") await ask(dialog.dataset.asks);
  }
  tell(dialog.querySelector("output"), told);
}

function tell(place, told) {
  place.classList.toggle("bad", !told.done);
  place.replaceChildren(...told.lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
}

const toast = document.querySelector(".toast");

async function run(button, name, body) {
  button.disabled = true;
  tell(toast, await act(name, body));
  button.disabled = false;
  clearTimeout(run.later);
  run.later = setTimeout(() => toast.replaceChildren(), 8000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-act], [data-mend], [data-links], [data-keys]");
  if (button?.dataset.act) {
    dialog.dataset.seen = button.dataset.seen ?? "";
    ask(button.dataset.act);
  }
  else if (button?.dataset.mend !== undefined) run(button, "mend", { key: button.dataset.mend });
  else if (button?.dataset.links !== undefined) run(button, "links", {}).then(swap);
  else if (button) KEYS["?"]();
});
// What asked for it was swapped meanwhile: its like has the focus again.
dialog?.addEventListener("close", () => document.querySelector(`[data-act="${dialog.dataset.asks}"]`)?.focus());
dialog?.addEventListener("submit", (event) => {
  if (!event.submitter?.dataset.does) return; // closes
  event.preventDefault();
  done(event.target, event.submitter);
});
