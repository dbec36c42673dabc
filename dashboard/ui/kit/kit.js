// Draws the parts of dashboard/ui/kit: each from its data, foreign text by textContent alone.

export const style = new CSSStyleSheet();
const address = new URL(import.meta.url);
address.pathname = address.pathname.replace(/kit\.js$/, "kit.css");
await style.replace(await (await fetch(address)).text());

const mounted = new WeakMap(); // the function runs again on every change of data

export default function (component) {
  const root = component.parentElement, tree = root.getRootNode();
  let state = mounted.get(root);
  if (!state) {
    state = {box: null, drawn: "", fire: null};
    mounted.set(root, state);
    tree.adoptedStyleSheets = [...tree.adoptedStyleSheets, style];
  }
  const data = component.data;
  state.fire = (event, name) => {
    if (event === "open" && data.leaves) skipOwnEntry();
    component.setTriggerValue(event, name);
  };
  const now = JSON.stringify(data);
  if (now === state.drawn) return;
  state.drawn = now;
  const focused = tree.activeElement?.dataset?.name;
  const box = PARTS[data.kind](data, (event, name) => state.fire(event, name));
  if (state.box) state.box.replaceWith(box);
  else root.append(box);
  state.box = box;
  if (focused !== undefined) {
    box.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus({preventScroll: true});
  }
}

// Streamlit pushes the next page's query onto this page first. Without that entry, Back from the
// next page comes here at once.
export function skipOwnEntry() {
  const push = history.pushState, here = location.pathname;
  const restore = () => { if (history.pushState === skipping) history.pushState = push; };
  function skipping(state, title, url) {
    if (new URL(url, location.href).pathname === here) return;
    restore();
    push.call(this, state, title, url);
  }
  history.pushState = skipping;
  setTimeout(restore, 2000);
}

export function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined && text !== null) made.textContent = text;
  return made;
}

export function symbol(name, className = "") {
  const made = make("span", `symbol ${className}`, name);
  made.setAttribute("aria-hidden", "true");
  return made;
}

export const chip = ([tone, text]) => make("span", `chip ${tone}`, text);
export const isPlain = (event) => !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);

// A link to `href` that reports its name; where there is nothing to link to, a button.
function opener(className, name, href, fire) {
  const made = make(href ? "a" : "button", className);
  if (href) made.href = href;
  else made.type = "button";
  made.dataset.name = name;
  made.addEventListener("click", (event) => {
    event.stopPropagation();
    if (!isPlain(event)) return;
    event.preventDefault();
    fire("open", name);
  });
  return made;
}

function fill(place, cell) {
  if (typeof cell === "string") return place.append(cell);
  if (cell.icon) place.append(symbol(cell.icon, `ink-${cell.tone || "none"}`), " ");
  if (cell.share !== undefined) {
    const track = make("span", "track"), bar = make("span", "bar");
    bar.style.width = `${cell.share}%`;
    track.append(bar);
    place.append(track);
  }
  for (const one of cell.chips || []) place.append(chip(one), " ");
  if (cell.text) {
    const tag = cell.link ? "a" : cell.code ? "code" : "span";
    const text = make(tag, cell.tone ? `ink-${cell.tone}` : "", cell.text);
    if (cell.link) {
      text.href = cell.link;
      text.target = "_blank";
      text.rel = "noopener noreferrer";
      text.classList.add("away");
      text.addEventListener("click", (event) => event.stopPropagation());
    }
    place.append(text);
  }
  if (cell.note) place.append(make("span", "note", cell.note));
}

const textOf = (cell) => typeof cell === "string"
  ? cell : [...(cell.chips || []).map((one) => one[1]), cell.text].filter(Boolean).join(" ");

function table(data, fire) {
  const drawn = make("table");
  drawn.setAttribute("aria-label", data.alt);
  head(drawn, data, fire);
  const body = drawn.createTBody();
  for (const row of data.rows) {
    const line = body.insertRow(), opens = Boolean(row.href);
    line.className = [opens ? "opens" : "", row.total ? "total" : ""].join(" ");
    if (row.name && row.name === data.chosen) {
      line.classList.add("chosen");
      line.setAttribute("aria-current", "true");
    }
    data.columns.forEach((column, place) => {
      const cell = line.insertCell(), value = row.cells[place];
      cell.className = classes(column);
      cell.dataset.column = column.name;
      if (column.cut && textOf(value)) cell.title = textOf(value);
      let into = cell;
      const isLink = opens && place === 0;
      if (isLink || (row.name && !opens && column.name === data.button)) {
        into = opener(isLink ? "open" : "button", row.name, row.href, fire);
        cell.append(into);
      } else if (value.name) {
        into = opener("follow", value.name, value.href, fire);
        cell.append(into);
      } else if (value.query) {
        const address = `${data.leads_to}?${value.query}`;
        into = opener("figure", address, address, fire);
        cell.append(into);
      }
      fill(into, value);
    });
    if (opens) openAnywhere(line, row, fire);
  }
  const wrap = make("div", "wrap");
  wrap.append(drawn);
  // A box that scrolls would hold the head back from the top of the page: only where it must.
  new ResizeObserver(() => {
    wrap.classList.toggle("scrolls", drawn.scrollWidth > wrap.clientWidth + 1);
  }).observe(wrap);
  return wrap;
}

const classes = (column) => [
  column.end ? "end" : "", column.cut ? "cut" : "", column.place ? `at-${column.place}` : "",
].join(" ");

function head(drawn, data, fire) {
  const line = drawn.createTHead().insertRow();
  for (const column of data.columns) {
    const title = make("th", classes(column));
    title.scope = "col";
    if (column.cut) title.style.width = `${column.cut}%`;
    const isOrder = data.order && data.order[0] === column.name;
    if (isOrder) title.setAttribute("aria-sort", data.order[1] ? "descending" : "ascending");
    if (column.sorts) {
      const button = make("button", "sort", column.title);
      button.type = "button";
      button.dataset.name = `sort ${column.name}`;
      if (isOrder) button.append(" ", symbol(data.order[1] ? "arrow_downward" : "arrow_upward"));
      button.addEventListener("click", () => fire("sort", column.name));
      title.append(button);
    } else {
      title.textContent = column.title;
    }
    line.append(title);
  }
}

function openAnywhere(line, row, fire) {
  line.addEventListener("click", (event) => {
    // Who marks text does not mean to open it; each shadow root has a selection of its own.
    if ((line.getRootNode().getSelection?.() ?? getSelection()).toString()) return;
    if (isPlain(event)) fire("open", row.name);
    else if (event.ctrlKey || event.metaKey) window.open(row.href, "_blank", "noopener");
  });
  line.addEventListener("keydown", (event) => {
    const rows = [...line.parentElement.querySelectorAll("tr.opens")], here = rows.indexOf(line);
    const to = {ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: rows.length - 1}[event.key];
    if (to === undefined || !rows[to]) return;
    event.preventDefault();
    rows[to].querySelector("a.open").focus();
  });
}

function cards(data, fire) {
  const wrap = make("div", "wrap"), grid = make("div", "cards");
  grid.style.setProperty("--narrow", `${data.narrow}px`);
  wrap.append(grid);
  for (const one of data.cards) {
    const card = one.name ? opener("card", one.name, one.href, fire) : make("div", "card");
    const label = make("span", "label");
    label.append(make("span", "", one.label));
    if (one.chip) label.append(chip(one.chip));
    const value = make("span", "value", one.value);
    if (one.unit) value.append(" ", make("small", "", one.unit));
    card.append(label, value);
    if (one.change || one.note) card.append(foot(one));
    if (one.trend) card.append(...trend(one.trend));
    grid.append(card);
  }
  return wrap;
}

function foot(card) {
  const made = make("span", "foot"), tone = {true: "ink-green", false: "ink-red"}[card.good];
  if (card.change) made.append(make("b", tone || "", card.change), " ");
  made.append(card.note || "");
  return made;
}

function trend({figures, since, until, good}) {
  const low = Math.min(...figures), high = Math.max(...figures), wide = figures.length - 1;
  const points = figures.map(
    (figure, at) => `${(at * 100) / wide},${28 - (26 * (figure - low)) / (high - low || 1)}`
  ).join(" ");
  const svg = shape("svg", {viewBox: "0 0 100 30", preserveAspectRatio: "none"});
  svg.setAttribute("class", `trend ${{true: "good", false: "bad"}[good] || ""}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(
    shape("polygon", {points: `0,30 ${points} 100,30`}),
    shape("polyline", {points, "vector-effect": "non-scaling-stroke"})
  );
  const ends = make("span", "ends");
  ends.append(make("span", "", since), make("span", "", until));
  return [svg, ends];
}

function shape(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function bridge(data, fire) {
  const wrap = make("div", "wrap"), list = make("div", "bridge");
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", data.alt);
  wrap.append(list);
  for (const step of data.steps) {
    const row = step.name ? opener("step", step.name, step.href, fire) : make("div", "step");
    row.classList.toggle("total", Boolean(step.total));
    const lane = make("span", "lane"), zero = make("s"), bar = make("i", `fill-${step.fill}`);
    zero.style.left = `${data.zero}%`;
    bar.style.left = `${step.start || 0}%`;
    bar.style.width = `${step.width}%`;
    lane.append(zero, bar);
    row.append(
      make("span", "", step.label), make("span", "count", step.count), lane,
      make("span", "amount", step.amount), step.name ? symbol("chevron_right", "go") : make("span")
    );
    list.append(row);
  }
  return wrap;
}

function timeline(data) {
  const list = make("ol", "timeline");
  list.setAttribute("aria-label", data.alt);
  for (const entry of data.entries) {
    const item = make("li"), dot = make("span", `dot ${entry.tone}`), said = make("div");
    dot.append(symbol(entry.icon));
    const title = make("div");
    title.append(make("b", "", entry.title));
    if (entry.amount) title.append(" ", make("span", "amount", entry.amount));
    said.append(title);
    if (entry.note) said.append(make("div", "soft", entry.note));
    item.append(dot, said, make("span", "when", entry.when));
    if (entry.quote) item.append(make("q", "", entry.quote));
    list.append(item);
  }
  return list;
}

function facts(data, fire) {
  const list = make("dl", "facts");
  for (const fact of data.facts) {
    const total = fact.total ? "total" : "", value = make("dd", total);
    const place = fact.name ? opener("follow", fact.name, fact.href, fire) : value;
    fill(place, fact.value);
    if (place !== value) value.append(place);
    // Browsers keep the clipboard from pages that did not come over a safe line.
    if (fact.copied && navigator.clipboard) value.append(copier(textOf(fact.value), data.copy));
    list.append(make("dt", total, fact.label), value);
  }
  return list;
}

function copier(text, label) {
  const button = make("button", "copy");
  button.type = "button";
  button.title = label;
  button.setAttribute("aria-label", label);
  button.append(symbol("content_copy"));
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.replaceChildren(symbol("check"));
  });
  return button;
}

const PARTS = {table, cards, bridge, timeline, facts};
