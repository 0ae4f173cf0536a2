// The server's API, one function a call.
import { askForKey } from "./key.js";

const KEY = "latentdial.key";

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// Seeds reach 2^64 - 1, past what a JavaScript number holds, so they travel as text inside the page.
const encode = (settings) => JSON.stringify(settings).replace(/"seed":"0*(\d+)"/g, '"seed":$1');
const decode = (text) => JSON.parse(text.replace(/"seed":\s*(\d+)/g, '"seed":"$1"'));

function send(path, options) {
  const key = sessionStorage.getItem(KEY);
  const headers = { ...options.headers, ...(key && { Authorization: `Bearer ${key}` }) };
  return fetch(path, { ...options, headers }).catch(() => {
    throw new ApiError(0, "The server does not answer. Is it still running?");
  });
}

async function explain(reply) {
  const text = await reply.text();
  let message = `The server answered ${reply.status}.`;
  try {
    message = JSON.parse(text).error.message;
  } catch {
    // A proxy's own error page is no JSON: the status must do.
  }
  const wait = reply.headers.get("Retry-After");
  if (reply.status === 429 && wait) message += ` Try again in ${wait} s.`;
  return new ApiError(reply.status, message);
}

async function call(path, options = {}) {
  let reply = await send(path, options);
  if (reply.status === 401) {
    sessionStorage.removeItem(KEY);
    const key = await askForKey();
    if (key) {
      sessionStorage.setItem(KEY, key);
      reply = await send(path, options);
    }
  }
  if (!reply.ok) throw await explain(reply);
  return reply;
}

const ENDED = ["done", "failed", "cancelled"];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const json = async (path, options) => decode(await (await call(path, options)).text());
const post = (path, body, type) => json(path, { method: "POST", body, headers: { "Content-Type": type } });

/** Jobs whose server went away while they were followed. */
const lost = new Set();
/** Posts a job. What was lost goes first, where the server still works at it: nobody waits for that, and this one would. */
async function begin(path, settings) {
  for (const id of lost) {
    await send(`/v1/jobs/${id}/cancel`, { method: "POST" });
    lost.delete(id);
  }
  return post(path, encode(settings), "application/json");
}

/** The model that jobs are for, and its VAE; none: the server's main one, the model's own. */
let drawing = {};
export const drawWith = (model, vae) => (drawing = { model, vae });

export const model = (name = "", vae = "") => json(`/v1/model?${new URLSearchParams({ model: name, vae })}`);
export const dial = (settings) => begin("/v1/dial", { ...settings, ...drawing });
export const calibrate = (settings) => begin("/v1/calibrate", { ...settings, ...drawing });
export const generate = (settings) => begin("/v1/generate", { ...settings, ...drawing });
export const upscale = (picture) => begin("/v1/upscale", picture);
const look = (id) => json(`/v1/jobs/${id}`);
export const hasEnded = ({ state }) => ENDED.includes(state);
/** Looks at a job every so often until it has ended, and tells what is seen; returns the last. */
export async function follow(job, told, everyMs) {
  try {
    await told(job);
    while (!hasEnded(job)) {
      await pause(everyMs);
      job = await look(job.id);
      await told(job);
    }
    return job;
  } catch (error) {
    if (!hasEnded(job)) lost.add(job.id);
    throw error;
  }
}
export const cancel = (id) => json(`/v1/jobs/${id}/cancel`, { method: "POST" });
/** Of a page that is being closed: the request outlives it. */
export const abandon = (id) => send(`/v1/jobs/${id}/cancel`, { method: "POST", keepalive: true });
export const picture = async (url) => (await call(url)).blob();
export const pngInfo = (blob) => post("/v1/png-info", blob, "image/png");
