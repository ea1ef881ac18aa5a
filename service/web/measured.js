/** A preset and its network → how it was measured and what it cannot do, to read. */

import { element } from "./element.js";
import { measured } from "./sentences.js";

/** Nodes for the disclosure: each measurement with its command, then the network. */
export function measurement(preset, network) {
  const rows = preset.quality.map((quality) =>
    element("p", {}, measured.row(quality), element("code", {}, quality.command)),
  );
  const limits = (network?.limits ?? []).map((limit) => element("li", {}, limit));
  return [
    ...rows,
    element("p", {}, rows.length ? measured.legend : measured.none),
    ...(limits.length ? [element("ul", {}, ...limits)] : []),
    ...(network ? [element("p", {}, measured.network(network))] : []),
  ];
}
