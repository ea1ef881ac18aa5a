/** A finished restoration → the curl command that does it again, ready to paste. */

import { restorePath } from "./service.js";

/** Single quotes hold anything in a POSIX shell but a single quote. */
const quoted = (word) => `'${word.replaceAll("'", `'\\''`)}'`;

/** The command, for a shell in the photo's own folder. */
export function curlCommand({ origin, parameters, photo, output }) {
  const lines = [
    `curl -f ${quoted(origin + restorePath(parameters))}`,
    `--data-binary ${quoted(`@${photo.name}`)}`,
    `-H ${quoted(`Content-Type: ${photo.type || "application/octet-stream"}`)}`,
    `-o ${quoted(output)}`,
  ];
  return lines.join(" \\\n  ");
}
