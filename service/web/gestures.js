/** Pointers, wheel and keys over the viewer → zoom, move, part. */

const STEP = 1.25;
const STRIDE = 60; // CSS pixels an arrow key moves the photo.
const DRAG = 4; // CSS pixels after which a touch is a drag, not a tap.

export function listenForGestures(viewer) {
  const held = { space: false };
  listenForPointers(viewer, held);
  listenForWheel(viewer);
  listenForKeys(viewer, held);
}

const within = (viewer, event) => {
  const box = viewer.root.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
};

function listenForPointers(viewer, held) {
  const { root, divider } = viewer;
  const pointers = new Map();
  let drag = null;

  root.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    root.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, within(viewer, event));
    const parts = divider.contains(event.target) || !viewer.movable;
    drag = { parts: parts && !held.space, from: within(viewer, event), moved: false };
  });
  root.addEventListener("pointermove", (event) => {
    const last = pointers.get(event.pointerId);
    if (!last || !drag) return;
    const point = within(viewer, event);
    if (pointers.size === 2) {
      Object.assign(drag, { parts: false, moved: true });
      pinch(viewer, pointers, event.pointerId, point);
    } else if (drag.moved || Math.hypot(point.x - drag.from.x, point.y - drag.from.y) > DRAG) {
      drag.moved = true;
      if (drag.parts && viewer.comparing) viewer.splitAt(point.x);
      if (!drag.parts) viewer.moveBy(point.x - last.x, point.y - last.y);
    } else {
      return; // Distances count from the last point acted upon.
    }
    pointers.set(event.pointerId, point);
  });
  root.addEventListener("pointerup", (event) => {
    const tap = drag && !drag.moved && drag.parts && pointers.size === 1;
    if (tap && viewer.comparing) viewer.splitAt(within(viewer, event).x);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    root.addEventListener(end, (event) => pointers.delete(event.pointerId));
  }
  root.addEventListener("dblclick", (event) => {
    if (divider.contains(event.target)) return;
    if (viewer.fits) viewer.zoomTo(1, within(viewer, event));
    else viewer.fit();
  });
}

function pinch(viewer, pointers, id, point) {
  const [other] = [...pointers].filter(([key]) => key !== id).map(([, value]) => value);
  const last = pointers.get(id);
  const apart = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
  viewer.zoomBy(apart(point, other) / Math.max(1, apart(last, other)), other);
}

function listenForWheel(viewer) {
  viewer.root.addEventListener(
    "wheel",
    (event) => {
      // Where the page itself scrolls, a plain wheel belongs to it; a pinch never does.
      const scrolls = document.documentElement.scrollHeight > innerHeight;
      if ((scrolls && !event.ctrlKey) || !viewer.size) return;
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const speed = event.ctrlKey ? 0.01 : 0.002;
      viewer.zoomBy(Math.exp(-event.deltaY * lines * speed), within(viewer, event));
    },
    { passive: false },
  );
}

function listenForKeys(viewer, held) {
  const { root, divider } = viewer;
  const grab = (on) => {
    held.space = on;
    root.classList.toggle("grabbing", on);
  };
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !viewer.size) return;
    const action =
      (event.target === divider && dividerKeys(viewer, event.shiftKey)[event.key]) ||
      viewerKeys(viewer, grab)[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  root.addEventListener("keyup", (event) => {
    if (event.key === " ") grab(false);
    if (event.key.toLowerCase() === "o") viewer.showOriginal(false);
  });
  root.addEventListener("focusout", () => {
    grab(false);
    viewer.showOriginal(false);
  });
}

function dividerKeys(viewer, shift) {
  const by = (step) => () => viewer.splitTo(viewer.split + step);
  const step = shift ? 0.1 : 0.01;
  return {
    ArrowLeft: by(-step),
    ArrowDown: by(-step),
    ArrowRight: by(step),
    ArrowUp: by(step),
    Home: () => viewer.splitTo(0),
    End: () => viewer.splitTo(1),
  };
}

function viewerKeys(viewer, grab) {
  const original = () => viewer.showOriginal(true);
  return {
    "+": () => viewer.zoomBy(STEP),
    "=": () => viewer.zoomBy(STEP),
    "-": () => viewer.zoomBy(1 / STEP),
    0: () => viewer.fit(),
    1: () => viewer.zoomTo(1),
    2: () => viewer.zoomTo(2),
    ArrowLeft: () => viewer.moveBy(STRIDE, 0),
    ArrowRight: () => viewer.moveBy(-STRIDE, 0),
    ArrowUp: () => viewer.moveBy(0, STRIDE),
    ArrowDown: () => viewer.moveBy(0, -STRIDE),
    o: original,
    O: original,
    " ": () => grab(true),
  };
}
