/**
 * One restoration, followed through lost connections and a service that dies and comes back.
 *
 * The events of `POST /restore` carry ids. Where the connection is lost, the same restoration is
 * followed on from the last one heard; where the service has forgotten it, it begins again.
 */

import { events } from "./events.js";
import { problems } from "./sentences.js";
import { Problem, request, restorePath } from "./service.js";

const PAUSES = [0.1, 0.3, 0.6, 1, 1.5, ...Array(18).fill(2)]; // Seconds between attempts.
const LIVES = 4; // How often one restoration may begin.
const NO_SUCH = 404;

/**
 * Resolves to the `done` event's data. Throws Problem, or AbortError once `signal` has fired.
 *
 * wish   {body, parameters}, and the id of one that was begun before, to hear it all again
 * hear   {accepted, progress, preview} are called with an event's data,
 *        `away()` while the service cannot be reached, `again()` where it begins again
 */
export async function follow(wish, hear, signal) {
  const talk = { id: wish.id ?? null, last: null };
  for (let life = 1; ; life += 1) {
    try {
      const answer = talk.id ? await comeBack(talk, hear, signal) : await begin(wish, signal);
      return await toTheEnd(answer, talk, hear, signal);
    } catch (problem) {
      if (problem.status !== NO_SUCH || !talk.id || life === LIVES) throw problem;
      Object.assign(talk, { id: null, last: null });
      hear.again();
    }
  }
}

/** Stop the work: to leave alone would only be taken for a lost connection. */
export const cancel = (id) =>
  request(`/restorations/${id}`, { method: "DELETE" }).catch(() => undefined); // It has ended.

const begin = ({ body, parameters }, signal) =>
  request(restorePath(parameters), {
    method: "POST",
    body,
    headers: { Accept: "text/event-stream" },
    signal,
  });

async function toTheEnd(answer, talk, hear, signal) {
  for (;;) {
    const end = await read(answer, talk, hear);
    if (end?.done) return end.done;
    if (end?.problem) throw new Problem(end.problem);
    if (!talk.id) throw new Problem(problems.cutOff);
    answer = await comeBack(talk, hear, signal);
  }
}

/** The stream's last word as {done} or {problem}; null where it was cut off before one. */
async function read(answer, talk, hear) {
  let end = null;
  try {
    // To the end, even after `done`: leaving early would look like a lost connection.
    for await (const { event, data, id } of events(answer.body)) {
      const told = JSON.parse(data);
      talk.last = id ?? talk.last;
      if (event === "accepted") talk.id = told.id;
      if (event === "done" || event === "problem") end = { [event]: told };
      else hear[event]?.(told);
    }
  } catch (error) {
    if (error.name === "AbortError") throw error;
  }
  return end;
}

async function comeBack(talk, hear, signal) {
  const headers = { Accept: "text/event-stream" };
  if (talk.last !== null) headers["Last-Event-ID"] = talk.last;
  for (const pause of PAUSES) {
    try {
      return await request(`/restorations/${talk.id}/events`, { headers, signal });
    } catch (problem) {
      if (!problem.passing) throw problem;
    }
    hear.away();
    await seconds(pause, signal);
  }
  throw new Problem(problems.cutOff);
}

function seconds(count, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * count);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
