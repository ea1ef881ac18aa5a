/**
 * Where a photo lies in its frame. Pure functions; lengths are CSS pixels.
 *
 * frame  {width, height}  of the part of the page that shows the photo
 * size   {width, height}  of the photo, in its own pixels
 * view   {scale, x, y}    CSS pixels per photo pixel, and the photo's upper left corner
 */

const MARGIN = 20;
const WIDE = 600;

/** The whole photo, as large as the frame allows; on a phone without a margin. */
export function fitted(frame, size) {
  const margin = frame.width > WIDE ? MARGIN : 0;
  const scale = Math.min(
    Math.max(1, frame.width - 2 * margin) / size.width,
    Math.max(1, frame.height - 2 * margin) / size.height,
  );
  return bounded({ scale, x: 0, y: 0 }, frame, size);
}

/** Another scale, with what lies under `point` staying where it is. */
export function zoomed(view, scale, point) {
  const ratio = scale / view.scale;
  return {
    scale,
    x: point.x - (point.x - view.x) * ratio,
    y: point.y - (point.y - view.y) * ratio,
  };
}

/** The nearest view that leaves no gap where the photo could fill the frame. */
export function bounded(view, frame, size) {
  const along = (offset, room, length) =>
    length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, offset));
  return {
    scale: view.scale,
    x: along(view.x, frame.width, size.width * view.scale),
    y: along(view.y, frame.height, size.height * view.scale),
  };
}

/** Whether the photo is larger than its frame, so that there is somewhere to move to. */
export const overflows = (view, frame, size) =>
  size.width * view.scale > frame.width + 1 || size.height * view.scale > frame.height + 1;

/** The part of the frame that the photo covers. */
export function covered(view, frame, size) {
  return {
    left: Math.max(0, view.x),
    top: Math.max(0, view.y),
    right: Math.min(frame.width, view.x + size.width * view.scale),
    bottom: Math.min(frame.height, view.y + size.height * view.scale),
  };
}

/** How many columns and rows show `count` photos side by side the largest. */
export function tiled(frame, size, count) {
  const choices = Array.from({ length: count }, (_, index) => {
    const columns = index + 1;
    const rows = Math.ceil(count / columns);
    const pane = { width: frame.width / columns, height: frame.height / rows };
    return { columns, rows, scale: Math.min(pane.width / size.width, pane.height / size.height) };
  });
  return choices.reduce((best, next) => (next.scale > best.scale * 1.001 ? next : best));
}
