/** The service's answers → objects, and everything that goes wrong → one `Problem`. */

import { fetch } from "./key.js";
import { problems } from "./sentences.js";

/** A failure to be shown: an RFC 9457 body of the server, or a sentence of our own. */
export class Problem extends Error {
  constructor({ title, detail = "", type = "", request_id: requestId = "", status = 0 }) {
    super(title);
    Object.assign(this, { title, detail, type, requestId, status });
  }

  /** Whether the same request may succeed later: no answer, or one that says so. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export const readTasks = async () => (await (await request("/tasks")).json()).tasks;
export const readLimits = async () => (await request("/limits")).json();

/** The finished photo as a Blob. Throws Problem, or AbortError once `signal` has fired. */
export async function readRestoration(href, signal) {
  const answer = await request(href, { signal });
  return answer.blob().catch((error) => lose(error, problems.cutOff));
}

/** A restored photo as a Blob, without events: what an earlier one was, wrapped anew. */
export async function restoreWhole(body, parameters, signal) {
  const answer = await request(restorePath(parameters), { method: "POST", body, signal });
  return answer.blob().catch((error) => lose(error, problems.cutOff));
}

export const restorePath = (parameters) => `/restore?${new URLSearchParams(parameters)}`;

/** Fetch from the service. Throws Problem, or AbortError once the options' signal has fired. */
export async function request(path, options) {
  const answer = await fetch(path, options).catch((error) => lose(error, problems.unreachable));
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

function lose(error, words) {
  throw error.name === "AbortError" ? error : new Problem(words);
}

async function problemOf(answer) {
  const { status } = answer;
  try {
    const body = await answer.json();
    const wait = Number(answer.headers.get("Retry-After"));
    if (wait > 0) body.detail = `${body.detail ?? ""}${problems.retryAfter(wait)}`;
    return new Problem({ ...(body.title ? body : problems.unknown(status)), status });
  } catch {
    return new Problem({ ...problems.unknown(status), status });
  }
}
