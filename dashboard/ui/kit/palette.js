// Go to anything: a box over any page that asks while one types; foreign text by textContent alone.

// The same address but for the name: another one would be another copy of the file.
const {chip, isPlain, make, skipOwnEntry, style, symbol} = await import(
  import.meta.url.replace("palette.js", "kit.js")
);

const WAIT = 150; // ms without a key before the server is asked
const SHORTEST = 2, PAGES_SHOWN = 5;
const mounted = new WeakMap();
let current = null; // the box on this page

export default function (component) {
  const root = component.parentElement;
  if (!mounted.has(root)) mounted.set(root, build(root));
  current = mounted.get(root);
  current.component = component;
  label(current);
}

// On the window and before all others: Streamlit's keys (r, c, Escape) do not see through into a
// shadow root, and would take what is typed here for theirs.
window.addEventListener("keydown", (event) => {
  if (!current?.root.isConnected) return;
  if (current.dialog.open) typed(event);
  else if (!event.isComposing && isOpening(event)) {
    halt(event);
    show();
  }
}, true);

function isOpening(event) {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    return event.key.toLowerCase() === "k";
  }
  return event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey
    && !isField(event.composedPath()[0]);
}

const isField = (place) => place instanceof HTMLElement
  && (place.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(place.tagName));

function halt(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

function typed(event) {
  // While an input method composes, its keys are its own.
  if (event.isComposing) return;
  const {items, at} = current;
  const to = {ArrowDown: at + 1, ArrowUp: at - 1}[event.key];
  if (event.key === "Escape") {
    halt(event);
    current.dialog.close();
  } else if (to !== undefined) {
    halt(event);
    if (items.length) mark((to + items.length) % items.length);
  } else if (event.key === "Enter") {
    halt(event);
    if (items[at] && !event.ctrlKey && !event.metaKey) go(items[at].dataset.go);
    else if (items[at]) window.open(items[at].href, "_blank", "noopener");
  } else if (isOpening(event)) {
    halt(event);
  } else {
    event.stopImmediatePropagation();
  }
}

function build(root) {
  const tree = root.getRootNode();
  tree.adoptedStyleSheets = [...tree.adoptedStyleSheets, style];
  const button = make("button", "palette-open"), dialog = make("dialog", "palette");
  button.type = "button";
  const field = make("input"), list = make("div", "found"), keys = make("div", "keys");
  const line = make("div", "line");
  field.type = "text";
  field.autocomplete = "off";
  field.spellcheck = false;
  field.maxLength = 200;
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-expanded", "true");
  field.setAttribute("aria-controls", "palette-found");
  field.setAttribute("aria-autocomplete", "list");
  list.id = "palette-found";
  list.setAttribute("role", "listbox");
  line.append(symbol("search"), field, make("kbd", "", "Esc"));
  dialog.append(line, list, keys);
  root.append(button, dialog);
  const box = {
    root, button, dialog, field, list, keys, items: [], at: 0, answer: null, timer: 0, asked: null,
  };
  button.addEventListener("click", show);
  // The backdrop belongs to the dialog: a click on it has no other target.
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => { box.asked?.abort(); clearTimeout(box.timer); });
  field.addEventListener("input", changed);
  return box;
}

function label({component, button, dialog, field, list, keys}) {
  const {words} = component.data;
  button.replaceChildren(symbol("search"), make("span", "", words.open), make("kbd", "", "Ctrl K"));
  dialog.setAttribute("aria-label", words.label);
  field.setAttribute("aria-label", words.label);
  list.setAttribute("aria-label", words.label);
  field.placeholder = words.hint;
  keys.textContent = words.keys;
}

function show() {
  const {dialog, field} = current;
  // In the sidebar, the theme's colours are the sidebar's.
  const page = document.querySelector(".stApp");
  if (page) dialog.style.background = getComputedStyle(page).backgroundColor;
  field.value = "";
  current.answer = null;
  draw();
  dialog.showModal();
  field.focus();
}

function changed() {
  const box = current, text = box.field.value.trim();
  clearTimeout(box.timer);
  box.asked?.abort();
  box.answer = null;
  draw();
  if (text.length >= SHORTEST) box.timer = setTimeout(() => ask(box, text), WAIT);
}

async function ask(box, text) {
  const {data} = box.component;
  box.asked = new AbortController();
  try {
    const answer = await fetch(data.ask, {
      method: "POST", cache: "no-store", signal: box.asked.signal,
      headers: {"Content-Type": "application/json"},
      body: JSON.stringify({text, mode: data.mode, language: data.language}),
    });
    if (answer.status === 401) return location.reload();
    box.answer = answer.ok || answer.status === 429
      ? await answer.json() : {items: [], said: data.words.failed};
  } catch (error) {
    if (error.name === "AbortError") return;
    box.answer = {items: [], said: data.words.failed};
  }
  if (box === current && box.field.value.trim() === text) draw();
}

// Pages and actions stand first: they are there at once, and what comes later moves nothing.
function draw() {
  const {component, field, list, answer} = current, {groups, words} = component.data;
  const text = field.value.trim(), asked = text.toLowerCase().split(/\s+/).filter(Boolean);
  list.replaceChildren();
  current.items = [];
  for (const {title, items} of groups) {
    const fit = items.filter((one) => asked.every((word) => one.title.toLowerCase().includes(word)));
    group(title, text ? fit.slice(0, PAGES_SHOWN) : fit);
  }
  if (answer) group(words.found, answer.items);
  const said = answer?.said || (answer && !current.items.length ? words.nothing : "");
  if (said) {
    const line = make("div", "said", said);
    line.setAttribute("role", "status");
    list.append(line);
  }
  mark(Math.min(current.at, Math.max(current.items.length - 1, 0)) && text ? current.at : 0);
}

function group(title, items) {
  if (!items.length) return;
  const {list} = current, part = make("div");
  part.setAttribute("role", "group");
  part.setAttribute("aria-label", title);
  part.append(make("div", "title", title));
  for (const one of items) {
    const line = make("a", "item"), said = make("span", "said-of");
    line.href = `/${one.go}`;
    line.dataset.go = one.go;
    line.id = `palette-${current.items.length}`;
    line.tabIndex = -1;
    line.setAttribute("role", "option");
    said.append(make("span", "", one.title));
    if (one.note) said.append(make("small", "", one.note));
    line.append(symbol(one.icon), said);
    if (one.amount) line.append(make("span", "amount", one.amount));
    for (const state of one.chips || []) line.append(chip(state));
    line.addEventListener("click", (event) => {
      if (!isPlain(event)) return;
      event.preventDefault();
      go(one.go);
    });
    current.items.push(line);
    part.append(line);
  }
  list.append(part);
}

function mark(at) {
  current.at = at;
  current.items.forEach((line, place) => line.setAttribute("aria-selected", String(place === at)));
  const line = current.items[at];
  if (!line) return current.field.removeAttribute("aria-activedescendant");
  current.field.setAttribute("aria-activedescendant", line.id);
  line.scrollIntoView({block: "nearest"});
}

function go(address) {
  current.dialog.close();
  if (`/${address}`.split("?")[0] !== location.pathname) skipOwnEntry();
  current.component.setTriggerValue("go", address);
}
