// A typed client of Rialto, generated from the service's own description.
//
//   npm install && npm run generate && npm run check
//
// `rialto.d.ts` holds every path, parameter and answer; this file is what one writes by hand.

import createClient from "openapi-fetch";
import type { components, paths } from "./rialto.d.ts";

type Job = components["schemas"]["Job"];
type Task = paths["/restore"]["post"]["parameters"]["query"]["task"]; // those that are served
type Problem = components["schemas"]["ProblemBody"];

const client = createClient<paths>({ baseUrl: "http://127.0.0.1:8000" });

/** What the service refused, with the request id that finds it in the log. */
class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.title}: ${problem.detail} (${problem.request_id})`);
  }
}

/** One photo in, the restored photo out, with the seed and network that make it again. */
export async function restore(photo: Blob, task: Task, seed = 0) {
  const { data, error, response } = await client.POST("/restore", {
    params: { query: { task, preset: "best", seed, format: "png" } },
    body: photo as unknown as string, // the description says binary, the generator says string
    bodySerializer: (body) => body as unknown as BodyInit,
    headers: { "Content-Type": "application/octet-stream" },
    parseAs: "blob",
  });
  if (error) throw new Refused(error);
  return { photo: data, network: response.headers.get("X-Rialto-Network"), seed };
}

/** A job for many photos; the same key answers the same job. */
export async function openJob(task: Task, key: string): Promise<Job> {
  const { data, error } = await client.POST("/jobs", {
    params: { header: { "idempotency-key": key } },
    body: { outputs: [{ task, preset: "fast" }], title: "from TypeScript" },
  });
  if (error) throw new Refused(error);
  return data;
}

/** Progress of one photo, event by event. */
export async function* watch(photo: Blob, task: Task): AsyncGenerator<{ name: string; data: string }> {
  const answer = await fetch(`http://127.0.0.1:8000/restore?task=${task}&previews=x_0`, {
    method: "POST",
    body: photo,
    headers: { Accept: "text/event-stream", "Content-Type": "application/octet-stream" },
  });
  if (!answer.ok || !answer.body) throw new Refused((await answer.json()) as Problem);
  let text = "";
  for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
    const events = (text + part).split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const field = (name: string) => event.match(new RegExp(`^${name}: (.*)$`, "m"))?.[1] ?? "";
      yield { name: field("event"), data: field("data") };
    }
  }
}
