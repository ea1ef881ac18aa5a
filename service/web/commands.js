/** A finished restoration → commands that do it again, ready to paste where the photo lies. */

import { restorePath } from "./service.js";

/** Single quotes hold anything in a POSIX shell but a single quote. */
const quoted = (word) => `'${word.replaceAll("'", `'\\''`)}'`;

/** A form's file for curl, whose names may hold what curl itself would read. */
const attached = (part, name) =>
  `-F ${quoted(`${part}=@"${name.replace(/["\\]/g, (letter) => `\\${letter}`)}"`)}`;

/** For a shell. `made` is {origin, parameters, photo, mask, output}; mask and output are names. */
export function curlCommand({ origin, parameters, photo, mask, output }) {
  const raw = [
    `--data-binary ${quoted(`@${photo.name}`)}`,
    `-H ${quoted(`Content-Type: ${photo.type || "application/octet-stream"}`)}`,
  ];
  const lines = [
    `curl -f ${quoted(origin + restorePath(parameters))}`,
    ...(mask ? [attached("image", photo.name), attached("mask", mask)] : raw),
    `-o ${quoted(output)}`,
  ];
  return lines.join(" \\\n  ");
}

/** For Python with `rialto` installed. JSON's strings and whole numbers are Python's too. */
export function pythonProgram({ origin, parameters, photo, mask, output }) {
  const numbers = ["seed", "quality"];
  const options = Object.entries(parameters).map(
    ([name, value]) => `${name}=${numbers.includes(name) ? Number(value) : JSON.stringify(value)}`,
  );
  if (mask) options.push(`mask=${JSON.stringify(mask)}`);
  return [
    "from rialto import Client",
    "",
    `with Client(${JSON.stringify(origin)}) as client:`,
    "    restored = client.restore(",
    `        ${JSON.stringify(photo.name)},`,
    ...options.map((option) => `        ${option},`),
    "    )",
    `    restored.save(${JSON.stringify(output)}, overwrite=True)`,
    "",
  ].join("\n");
}
