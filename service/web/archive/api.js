/** The jobs' addresses as functions; what goes wrong is the photo page's `Problem`. */

import { fetch } from "../key.js";
import { request as call } from "../service.js";

const AT_ONCE = 3;
const ATTEMPTS = 6;

export const listJobs = async () => (await (await call("/jobs?limit=20")).json()).jobs;
export const showJob = async (id) => (await call(`/jobs/${id}`)).json();
export const tell = (id, verb) => call(`/jobs/${id}/${verb}`, { method: "POST" });
export const inputPath = (id, name) => `/jobs/${id}/inputs/${path(name)}`;
export const resultPath = (id, name) => `/jobs/${id}/results/${path(name)}`;
export const bagPath = (id) => `/jobs/${id}/bag`;
export const zipPath = (id) => `/jobs/${id}/results`;

/** One page of a job's photos in `state`. */
export const photos = async (id, state, limit) =>
  (await (await call(`/jobs/${id}/photos?state=${state}&limit=${limit}`)).json()).photos;

/**
 * Open a job, send every photo, close it. `progress(sent, failed)` after each photo. Returns the
 * job, and what was not taken as {name, problem}: {job, unsent}.
 */
export async function sendJob(title, output, files, progress) {
  const body = JSON.stringify({ title, outputs: [output] });
  const headers = { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() };
  const job = await (await again(() => call("/jobs", { method: "POST", body, headers }))).json();
  const line = [...files];
  const unsent = [];
  let sent = 0;
  const takeTurns = async () => {
    for (let next = line.shift(); next; next = line.shift()) {
      const { name, file } = next;
      const address = `/jobs/${job.id}/photos/${path(name)}`;
      try {
        await again(() => call(address, { method: "PUT", body: file }));
        sent += 1;
      } catch (problem) {
        unsent.push({ name, problem });
      }
      progress(sent, unsent.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, takeTurns));
  await again(() => tell(job.id, "close"));
  return { job, unsent };
}

/** A photo may be sent twice, so what may pass is tried again: 0.5, 1, 2 ... seconds later. */
async function again(attempt) {
  for (let number = 1; ; number += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (number === ATTEMPTS || !(error.passing ?? true)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** number));
    }
  }
}

const path = (name) => name.split("/").map(encodeURIComponent).join("/");
