/** The service's answers → objects, and everything that goes wrong → one `Problem`. */

import { events } from "./events.js";
import { problems } from "./strings.js";

/** A failure to be shown: an RFC 9457 body of the server, or a sentence of our own. */
export class Problem extends Error {
  constructor({ title, detail = "", type = "", request_id: requestId = "" }) {
    super(title);
    Object.assign(this, { title, detail, type, requestId });
  }
}

export const readTasks = async () => (await (await get("/tasks")).json()).tasks;
export const readLimits = async () => (await get("/limits")).json();

/** The finished photo as a Blob. Throws Problem, or AbortError once `signal` has fired. */
export async function readRestoration(href, signal) {
  const answer = await get(href, { signal });
  return answer.blob().catch((error) => lose(error, problems.cutOff));
}

/**
 * Restore one photo; resolves to the `done` event's data.
 *
 * `progress` is called with each progress event's data. Aborting `signal` closes the
 * connection, which stops the work within one step; the promise then rejects with AbortError.
 */
export async function restore(file, parameters, { progress, signal }) {
  const answer = await get(restorePath(parameters), {
    method: "POST",
    body: file,
    headers: { Accept: "text/event-stream" },
    signal,
  });
  let done = null;
  let problem = problems.cutOff;
  try {
    // To the end, even after `done`: leaving early would look like a cancellation.
    for await (const { event, data } of events(answer.body)) {
      if (event === "progress") progress(JSON.parse(data));
      if (event === "problem") problem = JSON.parse(data);
      if (event === "done") done = JSON.parse(data);
    }
  } catch (error) {
    if (error.name === "AbortError") throw error;
  }
  if (done) return done;
  throw new Problem(problem);
}

export const restorePath = (parameters) => `/restore?${new URLSearchParams(parameters)}`;

function lose(error, words) {
  throw error.name === "AbortError" ? error : new Problem(words);
}

async function get(path, options) {
  const answer = await fetch(path, options).catch((error) => lose(error, problems.unreachable));
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

async function problemOf(answer) {
  try {
    const body = await answer.json();
    const wait = Number(answer.headers.get("Retry-After"));
    if (wait > 0) body.detail = `${body.detail ?? ""}${problems.retryAfter(wait)}`;
    return new Problem(body.title ? body : problems.unknown(answer.status));
  } catch {
    return new Problem(problems.unknown(answer.status));
  }
}
