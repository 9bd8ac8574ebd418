// The HTTP API. Problems become errors whose message is for people.
export class Problem extends Error {
  constructor(status, told) {
    super(told.detail || told.title || "The service did not answer.");
    this.status = status;
    this.name = (told.type || "").split("#")[1] || "problem";
  }
}

async function ask(path, { method = "GET", body, signal } = {}) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  const content = body === undefined ? undefined : JSON.stringify(body);
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: content, signal, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "The service cannot be reached." });
  }
  if (answer.status === 204) return null;
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  const problem = new Problem(answer.status, told);
  if (problem.name === "access-token-needed") location.assign("/enter");
  throw problem;
}

const api = "/api/v1";
const film = (id) => `${api}/account/films/${encodeURIComponent(id)}`;
export const films = (genre, offset, limit, signal) =>
  ask(`${api}/films?${new URLSearchParams({ ...(genre && { genre }), offset, limit })}`, { signal });
export const search = (q, limit, signal) => ask(`${api}/search?${new URLSearchParams({ q, limit })}`, { signal });
export const genres = () => ask(`${api}/genres`);
export const map = () => ask(`${api}/map`);
export const model = () => ask(`${api}/model`);
export const account = () => ask(`${api}/account`);
export const open = () => ask(`${api}/accounts`, { method: "POST" });
export const close = () => ask(`${api}/account`, { method: "DELETE" });
export const say = (id, kind) => ask(film(id), { method: "PUT", body: { kind } });
export const unsay = (id) => ask(film(id), { method: "DELETE" });
export const list = (surprise, signal) =>
  ask(`${api}/account/recommendations?${new URLSearchParams({ k: 10, surprise })}`, { signal });
