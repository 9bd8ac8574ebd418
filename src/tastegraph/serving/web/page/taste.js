// What the person has said: shown at once, kept by the service one click after the other.
import * as api from "./api.js";
import { notice } from "./dom.js";

const said = new Map(); // id as text -> { film, kind }, in the order in which it was said
const watchers = [];
let account = false;
let queue = Promise.resolve();
let waiting = 0; // clicks that the service has not kept yet

export const watch = (watcher) => watchers.push(watcher);
export const kindOf = (id) => said.get(String(id))?.kind;
export const all = () => [...said.values()];
export const allKept = () => waiting === 0;
export const likes = () => all().filter((each) => each.kind === "like");

const tell = (kept) => watchers.forEach((watcher) => watcher(kept));

/** Say something of a film, or take it back where it was said before. */
export function say(film, kind) {
  const id = String(film.id);
  const before = said.get(id);
  said.delete(id);
  if (before?.kind !== kind) said.set(id, { film, kind });
  const now = said.get(id);
  waiting += 1;
  tell(false);
  queue = queue.then(() => keep(id, now?.kind)).catch((problem) => {
    if (before) said.set(id, before);
    else said.delete(id);
    tell(false);
    notice(`Not kept: ${problem.message}`);
  }).then(() => {
    waiting -= 1;
    tell(true);
  });
  return queue;
}

async function keep(id, kind) {
  if (!account) {
    await api.open();
    account = true;
  }
  const send = () => (kind ? api.say(id, kind) : api.unsay(id));
  try {
    await send();
  } catch (problem) {
    if (problem.name !== "account-token-needed") throw problem;
    notice("What you said before is forgotten; this begins anew.");
    for (const each of [...said.keys()]) if (each !== id) said.delete(each);
    await api.open();
    if (kind) await send();
  }
}

export function forget() {
  queue = queue.then(async () => {
    if (account) await api.close();
    account = false;
    said.clear();
  }).catch((problem) => notice(problem.message)).then(() => tell(true));
}

/** What was said before this page was opened, or in another one. A browser without an account has nothing to ask for. */
export function recall() {
  queue = queue.then(recalled).then(() => tell(true));
  return queue;
}

async function recalled() {
  account = document.cookie.split("; ").includes(`${document.body.dataset.known}=1`);
  if (!account) return said.clear();
  try {
    const told = await api.account();
    if (waiting) return undefined; // what was clicked meanwhile is newer
    said.clear();
    for (const [part, kind] of [["likes", "like"], ["dislikes", "dislike"], ["seen", "seen"]]) {
      for (const film of told[part]) said.set(String(film.id), { film, kind });
    }
  } catch (problem) {
    account = problem.status !== 401;
    if (account) notice(problem.message);
  }
  return undefined;
}
