// What can only be said once the page is there: text too pale for the ground it is drawn
// on, as this browser draws it in light and in dark; and what a spam filter thinks, which
// takes its time.
"use strict";

(() => {
const LEAST = 4.5, LARGE = 3; // WCAG 2.2, 1.4.3: to be read at all, and of large letters
const MARKS = `[data-pale] { outline: 2px dashed #d0006f !important; outline-offset: 2px; }
[data-pale]::before { content: attr(data-pale); position: absolute; translate: -4px calc(-100% - 2px); padding: 0 5px; border-radius: 4px;
  background: #a80059; color: #fff; font: 600 11px/1.5 system-ui, sans-serif; letter-spacing: 0; text-transform: none; }`;
const ASKED = 6; // texts of one pair of colours whose place is asked for
const WORDS = /[\p{L}\p{N}]/u;

// -- colours as they are drawn ------------------------------------------------------

function channels(text) {
  const found = /^rgba?\(/.test(text) && text.match(/[\d.]+/g).map(Number);
  return found ? [...found.slice(0, 3), found[3] ?? 1] : null;
}

const over = (top, below) => [0, 1, 2].map((n) => top[n] * top[3] + below[n] * (1 - top[3])).concat(1);

function canvas(page) {
  const probe = page.body.appendChild(page.createElement("i"));
  probe.style.backgroundColor = "Canvas";
  const found = channels(page.defaultView.getComputedStyle(probe).backgroundColor);
  probe.remove();
  return found ?? [255, 255, 255, 1];
}

// What is drawn behind an element, and how much of it shines through its letters; null
// where that is a picture, which nobody here can judge.
function around(element, last) {
  const layers = [];
  let opacity = 1;
  for (let at = element; at; at = at.parentElement) {
    const style = at.ownerDocument.defaultView.getComputedStyle(at);
    const painted = channels(style.backgroundColor);
    if (!painted || style.backgroundImage !== "none") return null;
    opacity *= Number(style.opacity);
    layers.unshift(painted);
    if (painted[3] === 1) break;
  }
  return { paper: layers.reduce((below, top) => over(top, below), last), opacity };
}

function luminance(color) {
  const [red, green, blue] = color.map((each) => {
    const c = each / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function ratio(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const hex = (color) => "#" + color.slice(0, 3).map((each) => Math.round(each).toString(16).padStart(2, "0")).join("");

// -- one page of mail ---------------------------------------------------------------

// Every text that is too pale, once for each pair of colours.
function pale(page) {
  const found = new Map(), seen = new Set(), last = canvas(page);
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (seen.has(element) || !WORDS.test(walker.currentNode.data)) continue;
    const style = page.defaultView.getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    if (size < 2 || !element.checkVisibility({ visibilityProperty: true })) continue;
    seen.add(element);
    const behind = around(element, last), ink = channels(style.color);
    if (!behind || !ink) continue;
    ink[3] *= behind.opacity;
    const drawn = over(ink, behind.paper);
    const needed = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? LARGE : LEAST;
    const there = ratio(drawn, behind.paper);
    if (there >= needed) continue;
    const key = [hex(drawn), hex(behind.paper), needed].join();
    const group = found.get(key) ?? { ink: hex(drawn), paper: hex(behind.paper), needed, ratio: there, elements: [] };
    group.elements.push(element);
    found.set(key, group);
  }
  return [...found.values()];
}

function mark(page, groups) {
  page.querySelectorAll("[data-pale]").forEach((each) => delete each.dataset.pale);
  page.querySelector("style[data-marks]")?.remove();
  if (!groups.length) return;
  const style = page.createElement("style");
  style.dataset.marks = "";
  style.textContent = MARKS;
  page.head.append(style);
  for (const group of groups)
    for (const element of group.elements) element.dataset.pale = number(group.ratio);
}

// An appearance that nobody looks at now, drawn where nobody sees it, and taken away.
function drawn(address) {
  const host = document.body.appendChild(document.createElement("div"));
  host.style.cssText = "position: absolute; width: 375px; height: 1px; overflow: hidden; visibility: hidden";
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-same-origin";
  frame.style.cssText = "width: 375px; border: 0; visibility: visible";
  frame.tabIndex = -1;
  host.ariaHidden = "true";
  host.attachShadow({ mode: "closed" }).append(frame);
  return new Promise((done) => {
    frame.addEventListener("load", () => {
      const page = frame.contentDocument;
      const groups = page?.body ? pale(page).map((each) => ({ ...each, ...spoken(each), elements: [] })) : [];
      host.remove();
      done(groups);
    }, { once: true });
    frame.src = address;
  });
}

// -- what is said of it -------------------------------------------------------------

const number = (value) => (Math.floor(value * 10) / 10).toLocaleString(document.documentElement.lang);
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const short = (words) => (words.length > 40 ? `${words.slice(0, 39).replace(/\s+\S*$/, "")}…` : words);

const plain = (element) => element.textContent.replace(/\s+/g, " ").trim();

function spoken(group) {
  const texts = group.elements.slice(0, ASKED).map((each) => {
    const block = each.closest("p, li, h1, h2, h3, td") ?? each;
    return { words: short(plain(each)), block: plain(block).slice(0, 1500) };
  });
  return { texts, count: group.elements.length };
}

// The first of the texts that stands in the manuscript; else the first, which is a theme's.
async function placed(texts, address) {
  for (const text of texts) {
    const answer = await fetch(`${address}?words=${encodeURIComponent(text.block)}`).catch(() => null);
    if (answer?.ok) return { ...text, ...(await answer.json()) };
  }
  return texts[0];
}

async function line(kit, look, group, shown) {
  const item = kit.content.firstElementChild.cloneNode(true);
  const place = await placed(group.texts, kit.dataset.place);
  const values = { ...group, words: place.words, ratio: number(group.ratio), needed: number(group.needed) };
  item.querySelector(".said").textContent = filled(kit.dataset.said, values);
  const link = item.querySelector(".look");
  link.textContent = kit.dataset[`${look}Name`];
  link.href = kit.dataset[`${look}View`];
  if (shown && group.elements.length) link.addEventListener("click", (event) => {
    event.preventDefault();
    group.elements[0].scrollIntoView({ block: "center" });
  });
  const more = group.count > 1 ? ` · ${filled(kit.dataset.more, values)}` : "";
  item.querySelector(".colors").textContent = filled(kit.dataset.colors, values) + more;
  const open = item.querySelector(".open");
  if (place.open) open.href = place.open;
  else open.remove();
  if (place.place) item.querySelector(".colors").textContent += ` · ${place.place}`;
  return item;
}

let round = 0;

async function judge() {
  const mine = ++round;
  const kit = document.querySelector("#pale");
  if (!kit) return;
  const frames = [...document.querySelectorAll(".frames iframe")];
  const pages = frames.map((each) => each.contentDocument).filter((page) => page?.body && page.URL !== "about:blank");
  const found = [];
  const marked = pages.map((page) => [page, pale(page)]);
  marked.forEach(([page, groups]) => mark(page, groups));
  // Phone and desktop draw the same words: each pair of colours is told once.
  const told = new Map();
  for (const [, groups] of marked)
    for (const group of groups) {
      const key = [group.ink, group.paper, group.needed].join();
      if (!told.has(key)) told.set(key, { ...group, ...spoken(group) });
    }
  found.push(...[...told.values()].map((group) => [kit.dataset.shown, group, true]));
  const other = ["light", "dark"].filter((each) => !(pages.length && each === kit.dataset.shown));
  for (const look of other) {
    const groups = await drawn(kit.dataset[look]);
    if (mine !== round) return;
    found.push(...groups.map((group) => [look, group, false]));
  }
  const lines = await Promise.all(found.map((each) => line(kit, ...each)));
  if (mine === round) tell(lines);
}

function tell(lines) {
  const list = document.querySelector(".inspect .checks");
  list.querySelectorAll(".pale").forEach((each) => each.remove());
  const fine = list.querySelector("[data-fine=contrast]");
  if (fine) fine.hidden = lines.length > 0;
  const first = list.querySelector(".fine");
  lines.forEach((each) => list.insertBefore(each, first));
  count(list.closest(".inspect").querySelector("[data-warnings]"), lines.length);
}

function count(heading, more) {
  const all = Number(heading.dataset.warnings) + more;
  const tag = heading.querySelector(".warn") ?? heading.appendChild(Object.assign(document.createElement("span"), { className: "tag warn" }));
  tag.textContent = all;
  tag.hidden = !all;
}

// -- a spam filter ------------------------------------------------------------------

async function suspect() {
  const part = document.querySelector("[data-suspect]");
  if (!part || part.dataset.asked) return;
  part.dataset.asked = "";
  const answer = await fetch(part.dataset.suspect).catch(() => null);
  if (answer?.ok) part.innerHTML = await answer.text();
}

// -- when ---------------------------------------------------------------------------

// After what one looks at: whoever types is not kept waiting.
function soon() {
  clearTimeout(soon.later);
  soon.later = setTimeout(() => judge().then(suspect), 200);
}

document.addEventListener("load", (event) => event.target.localName === "iframe" && soon(), true);
new MutationObserver(soon).observe(document.querySelector(".app"), { childList: true });
soon();
})();
