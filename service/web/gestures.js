/** Pointers, wheel and keys over the viewer → zoom, move, part, or strokes of its painter. */

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

/** A point of the viewer → of the pane it lies in; all panes show the same place. */
const inPane = ({ frame }, { x, y }) => ({ x: x % frame.width, y: y % frame.height });

/** A point of the pane → of the photo, in its pixels. */
const inPhoto = ({ view }, { x, y }) => ({
  x: (x - view.x) / view.scale,
  y: (y - view.y) / view.scale,
});

function listenForPointers(viewer, held) {
  const { root } = viewer;
  const pointers = new Map();
  let drag = null;

  root.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("button") || !viewer.size) return;
    root.setPointerCapture(event.pointerId);
    const point = within(viewer, event);
    pointers.set(event.pointerId, point);
    drag = { does: purpose(viewer, held, event), from: point, moved: false };
    if (pointers.size > 1) drag.does = "pinch";
    if (drag.does === "paint") viewer.painter.start(inPhoto(viewer, point));
    else viewer.painter?.end(); // A second finger: what the first one drew is over.
  });
  root.addEventListener("pointermove", (event) => {
    const point = within(viewer, event);
    if (viewer.painter) viewer.painter.hover(point);
    const last = pointers.get(event.pointerId);
    if (!last || !drag) return;
    const far = Math.hypot(point.x - drag.from.x, point.y - drag.from.y) > DRAG;
    drag.moved ||= far || drag.does === "pinch";
    if (drag.does === "paint") paint(viewer, event);
    else if (!drag.moved)
      return; // Distances count from the last point acted upon.
    else if (drag.does === "pinch" && pointers.size === 2)
      pinch(viewer, pointers, event.pointerId, point);
    else if (drag.does === "part") viewer.splitAt(point.x);
    else if (drag.does === "move") viewer.moveBy(point.x - last.x, point.y - last.y);
    pointers.set(event.pointerId, point);
  });
  root.addEventListener("pointerup", (event) => {
    const tap = drag && !drag.moved && pointers.size === 1;
    if (tap && drag.does === "part") viewer.splitAt(within(viewer, event).x);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    root.addEventListener(end, (event) => {
      if (drag?.does === "paint") viewer.painter?.end();
      pointers.delete(event.pointerId);
    });
  }
  root.addEventListener("dblclick", (event) => {
    if (viewer.divider.contains(event.target) || viewer.painter || event.target.closest("button"))
      return;
    if (viewer.fits) viewer.zoomTo(1, inPane(viewer, within(viewer, event)));
    else viewer.fit();
  });
}

/** What a drag that begins here does. */
function purpose(viewer, held, event) {
  if (held.space) return "move";
  if (viewer.painter) return "paint";
  const parts = viewer.comparing && (viewer.divider.contains(event.target) || !viewer.movable);
  return parts ? "part" : "move";
}

/** A fast hand passes more points than there are frames: all of them belong to the stroke. */
function paint(viewer, event) {
  const passed = event.getCoalescedEvents?.() ?? [];
  for (const one of passed.length ? passed : [event]) {
    viewer.painter.move(inPhoto(viewer, within(viewer, one)));
  }
}

function pinch(viewer, pointers, id, point) {
  const [other] = [...pointers].filter(([key]) => key !== id).map(([, value]) => value);
  const last = pointers.get(id);
  const apart = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
  const factor = apart(point, other) / Math.max(1, apart(last, other));
  viewer.zoomBy(factor, inPane(viewer, other));
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
      viewer.zoomBy(Math.exp(-event.deltaY * lines * speed), inPane(viewer, within(viewer, event)));
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
    if (event.altKey || !viewer.size || event.target.closest("button")) return;
    const name = event.ctrlKey || event.metaKey ? `Ctrl+${event.key}` : event.key;
    const action =
      (event.target === divider && dividerKeys(viewer, event.shiftKey)[name]) ||
      viewer.painter?.keys[name] ||
      viewerKeys(viewer, grab)[name];
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
