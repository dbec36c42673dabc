// Has Streamlit take what stands in a field as if it was left, while its writer stays in it: once
// nobody types for a while, and when the page is hidden or closed.

const mounted = new WeakMap(); // the function runs again on every change of data

export default function (component) {
  const root = component.parentElement;
  if (mounted.has(root)) return mounted.get(root);
  const {place, pause} = component.data, timers = new Map();

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
  const closed = () => [...timers.keys()].forEach(take);

  document.addEventListener("input", typed, true);
  document.addEventListener("blur", left, true);
  document.addEventListener("visibilitychange", hidden);
  addEventListener("beforeunload", closed);
  const stop = () => {
    document.removeEventListener("input", typed, true);
    document.removeEventListener("blur", left, true);
    document.removeEventListener("visibilitychange", hidden);
    removeEventListener("beforeunload", closed);
    mounted.delete(root);
  };
  mounted.set(root, stop);
  return stop;
}
