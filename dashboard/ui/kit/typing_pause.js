// Has Streamlit take what stands in a field as if it was left, while its writer stays in it: once
// nobody types for a while, and when the page is hidden. While a text is not kept, the browser asks
// before it closes the page: what is sent in the last moment is lost, for Streamlit ends the run of
// who has left. For who stays it is taken at once.

const mounted = new WeakMap(); // the function runs again on every change of data
const plain = (text) => text.replaceAll("\r\n", "\n").trim();

export default function (component) {
  const root = component.parentElement;
  if (mounted.has(root)) return mounted.get(root)(component.data);
  const {place, pause} = component.data, timers = new Map();
  let {texts} = component.data;

  function take(field) {
    clearTimeout(timers.get(field));
    // React listens to this one for a field that is left; the browser's focus stays where it is.
    if (timers.delete(field)) field.dispatchEvent(new FocusEvent("focusout", {bubbles: true}));
  }
  function typed(event) {
    const field = event.target;
    if (!field.closest?.(`.${place}`)) return;
    clearTimeout(timers.get(field));
    timers.set(field, setTimeout(take, pause, field));
  }
  function left(event) {
    clearTimeout(timers.get(event.target));
    timers.delete(event.target);
  }
  const hidden = () => { if (document.hidden) [...timers.keys()].forEach(take); };
  const isKept = ([key, kept]) => {
    const field = document.querySelector(`.st-key-${key} :is(input, textarea)`);
    return !field || kept.some((text) => plain(text) === plain(field.value));
  };
  function closed(event) {
    [...timers.keys()].forEach(take);
    if (!Object.entries(texts).every(isKept)) event.preventDefault();
  }

  // It ends with what it stands in: another page has other fields.
  const gone = new AbortController(), {signal} = gone;
  const here = (act) => (event) => root.isConnected ? act(event) : gone.abort();
  document.addEventListener("input", here(typed), {capture: true, signal});
  document.addEventListener("blur", here(left), {capture: true, signal});
  document.addEventListener("visibilitychange", here(hidden), {signal});
  addEventListener("beforeunload", here(closed), {signal});
  mounted.set(root, (data) => { ({texts} = data); });
}
