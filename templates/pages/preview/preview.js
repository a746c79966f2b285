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
      done();
    }, { once: true });
    setTimeout(done, 5000); // a frame that never loads keeps nothing else waiting
    frame.contentWindow?.location.reload();
  });
}

// What is said of it, and how it is looked at; where one was in it, one stays.
async function swap({ seeks = false } = {}) {
  const mine = ++swap.round;
  const answer = await fetch(location.href).catch(() => null);
  const text = answer?.ok && (await answer.text());
  if (!text || mine !== swap.round) return answer; // what is shown stays, or newer comes
  const page = new DOMParser().parseFromString(text, "text/html");
  document.title = page.title;
  const [old, fresh] = [document, page].map((each) => each.querySelector(".frames"));
  const stays = old && fresh && old.querySelectorAll("iframe").length === fresh.querySelectorAll("iframe").length;
  if (old) place = placeIn(frames()[0]);
  for (const name of stays ? REGIONS : [".side", ".tools", ".stage", ".inspect"])
    renew(document.querySelector(name), page.querySelector(name));
  if (stays) {
    Object.assign(old.dataset, { ...fresh.dataset });
    frames().forEach((frame, n) => turn(frame, fresh.querySelectorAll("iframe")[n]));
  }
  else frames().forEach((frame) => attend(frame, seeks));
  document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  return answer;
}
swap.round = 0;

// Another look at the same edition: only what differs is loaded.
async function look(address, options) {
  history.pushState(null, "", address);
  await complete(options);
}

function renew(was, becomes) {
  const held = was.contains(document.activeElement) ? successor(document.activeElement, was, becomes) : null;
  const kept = was.scrollTop;
  const read = was.dataset.tab === becomes.dataset.tab ? was.querySelector(".sheet")?.scrollTop : 0;
  const opened = [...was.querySelectorAll("details")].map((each) => each.open);
  was.replaceWith(becomes);
  becomes.scrollTop = kept;
  becomes.querySelector(".sheet")?.scrollTo(0, read);
  const folds = [...becomes.querySelectorAll("details")];
  if (folds.length === opened.length) folds.forEach((each, n) => (each.open = opened[n]));
  if (held === becomes) held.tabIndex = -1; // what had the focus is gone: it goes on from there
  held?.focus({ preventScroll: true });
}

// What stands where *element* stood: by its words, else by its place.
function successor(element, was, becomes) {
  const [old, fresh] = [was, becomes].map((each) => [...each.querySelectorAll(element.localName)]);
  const named = (all) => all.filter((each) => each.textContent === element.textContent);
  return named(fresh)[named(old).indexOf(element)] ?? named(fresh).at(-1) ?? fresh[old.indexOf(element)] ?? becomes;
}

// Where one is in a mail: the first passage in sight, and how far down that is, 0 to 1.
let place = { share: 0 };
const bound = new WeakMap(); // frames that load: where they are to be then
const PASSAGE = 600; // characters at most: more is a part of the page

const letters = (words) => words.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
const blocks = (frame) => [...frame.contentDocument.querySelectorAll("td, div, p, li, h1, h2, h3, a")].filter((each) => each.offsetHeight);
const edge = (element) => element.getBoundingClientRect().top;

function placeIn(frame) {
  const page = frame.contentDocument?.scrollingElement;
  if (bound.has(frame) || !page) return bound.get(frame) ?? place;
  const share = page.scrollTop / Math.max(page.scrollHeight - page.clientHeight, 1);
  const first = share && blocks(frame).find((each) => edge(each) >= 0 && each.textContent.length < PASSAGE && letters(each.textContent));
  return first ? { share, words: letters(first.textContent), edge: edge(first) } : { share };
}

function goTo(frame, { share, words, edge: wanted }) {
  bound.delete(frame);
  const page = frame.contentDocument?.scrollingElement;
  page?.scrollTo(0, Math.round(share * (page.scrollHeight - page.clientHeight)));
  if (!words) return;
  const off = blocks(frame).filter((each) => letters(each.textContent) === words).map((each) => edge(each) - wanted);
  if (off.length) page.scrollBy(0, off.reduce((one, other) => (Math.abs(other) < Math.abs(one) ? other : one)));
}

// The frame that is there shows what *fresh* would: without being blank in between.
function turn(frame, fresh) {
  const [holder, becomes] = [frame, fresh].map((each) => each.parentElement);
  const here = placeIn(frame);
  holder.className = becomes.className;
  holder.style.cssText = becomes.style.cssText;
  frame.title = fresh.title;
  const [handle, its] = [holder, becomes].map((each) => each.nextElementSibling?.closest(".handle"));
  if (handle && its) {
    handle.setAttribute("aria-valuenow", its.getAttribute("aria-valuenow"));
    handle.firstElementChild.textContent = its.textContent;
  }
  if (frame.contentDocument?.URL === fresh.src && !bound.has(frame)) return;
  bound.set(frame, here);
  frame.contentWindow.location.replace(fresh.src);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".app a[href^='?']");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  shut();
  look(chosen(link), { seeks: Boolean(link.closest(".sheet")) });
});

// The address that *link* means: whoever is faster than the page changes what was chosen
// last, and sees at once that it was heard.
function chosen(link) {
  const key = link.dataset.key ?? (link.dataset.tab && "tab");
  if (!key) return link.href;
  const now = link.parentElement.querySelector("[aria-current]") ?? link;
  const current = now.getAttribute("aria-current") ?? "true";
  now.removeAttribute("aria-current");
  link.setAttribute("aria-current", current);
  const [url, its] = [location, link].map((each) => new URL(each.href));
  for (const name of key === "variant" ? [key, "persona"] : [key]) {
    url.searchParams.delete(name); // what is usual is left out
    if (its.searchParams.has(name)) url.searchParams.set(name, its.searchParams.get(name));
  }
  return url.href;
}
addEventListener("popstate", () => swap());

// Menus: one at a time, gone with a click elsewhere or Escape.
function shut(keeps = null) {
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (menu.contains(keeps)) continue;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
}
document.addEventListener("pointerdown", (event) => shut(event.target));
document.addEventListener("keydown", (event) => event.key === "Escape" && shut());

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
function seek(frame) {
  const sought = letters(document.querySelector(".frames")?.dataset.sought ?? "");
  if (!sought) return;
  const found = blocks(frame).findLast((each) => letters(each.textContent).includes(sought)); // the innermost
  found?.scrollIntoView({ block: "center" });
}

function attend(frame, seeks) {
  const settle = () => {
    goTo(frame, placeIn(frame));
    if (seeks) seek(frame);
    seeks = false;
    heed(frame);
  };
  bound.set(frame, place);
  frame.addEventListener("load", settle);
  if (frame.contentDocument?.readyState === "complete" && frame.contentDocument.body?.children.length) settle();
}

function heed(frame) {
  frame.contentDocument.addEventListener("keydown", press); // who reads in it has the keys too
  frame.contentDocument.addEventListener("pointerdown", () => shut());
  frame.contentDocument.addEventListener("dblclick", async (event) => {
    const block = event.target.closest("p, li, h1, h2, h3, td") ?? event.target;
    const place = document.querySelector(".frames").dataset.place;
    const answer = await fetch(`${place}?words=${encodeURIComponent(block.textContent.trim().slice(0, 1500))}`);
    if (answer.ok) location.href = (await answer.json()).open;
  });
}

document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
frames().forEach((frame) => attend(frame, true));

// A page that came with the mail alone asks for the rest once that is drawn.
const isEarly = document.querySelector(".inspect").ariaBusy === "true";
const whole = isEarly ? new Promise((done) => addEventListener("load", done, { once: true })).then(() => complete()) : Promise.resolve();

async function complete(options) {
  const answer = await swap(options);
  if (answer && !answer.ok) location.reload(); // it says what is wrong
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

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isTaken(event.target)) return;
  if (!keys.checked || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
}
document.addEventListener("keydown", press);

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
  place.replaceChildren(...told.lines.map(paragraph));
}

// What stands between backticks is a command.
function paragraph(line) {
  const parts = line.split("`");
  const told = document.createElement("p");
  told.append(...parts.map((text, n) => (n % 2 && n < parts.length - 1 ? Object.assign(document.createElement("code"), { textContent: text }) : text)));
  return told;
}

const toast = document.querySelector(".toast");

async function run(button, name, body) {
  if (button.ariaBusy) return; // disabled, it would lose the focus
  button.ariaBusy = true;
  tell(toast, await act(name, body));
  button.ariaBusy = null;
  clearTimeout(run.later);
  run.later = setTimeout(() => toast.replaceChildren(), 8000);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-act], [data-mend], [data-links], [data-keys]");
  if (button?.dataset.act) {
    const { act } = button.dataset;
    await whole; // what is seen has no name before all of it is made
    dialog.dataset.seen = document.querySelector(`[data-act=${act}]`)?.dataset.seen ?? "";
    ask(act);
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
