// The switch of themes: writes where Streamlit looks when a page is loaded, then loads it anew.

const {make, style, symbol} = await import(import.meta.url.replace("theme.js", "kit.js"));

const mounted = new WeakMap(); // the function runs again on every change of data
const place = (path) => `stActiveTheme-${path}-v2`;

export default function (component) {
  const root = component.parentElement, {label, choices, paths} = component.data;
  let box = mounted.get(root);
  if (!box) {
    const tree = root.getRootNode();
    tree.adoptedStyleSheets = [...tree.adoptedStyleSheets, style];
    box = make("div", "themes");
    box.setAttribute("role", "group");
    root.append(box);
    mounted.set(root, box);
  }
  box.setAttribute("aria-label", label);
  const chosen = now();
  box.replaceChildren(...choices.map(([name, icon, said]) => {
    const button = make("button");
    button.type = "button";
    button.title = said;
    button.setAttribute("aria-label", said);
    button.setAttribute("aria-pressed", String(name === chosen));
    button.append(symbol(icon));
    button.addEventListener("click", () => choose(name, paths));
    return button;
  }));
}

function now() {
  try {
    return JSON.parse(localStorage.getItem(place(location.pathname))) || "System";
  } catch {
    return "System";
  }
}

function choose(name, paths) {
  for (const path of new Set([...paths, location.pathname])) {
    localStorage.setItem(place(path), JSON.stringify(name));
  }
  location.reload();
}
