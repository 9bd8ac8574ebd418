// The shelf of films to pick from: by genre, by search, more and more.
import * as api from "./api.js";
import { el, notice } from "./dom.js";
import { card, hue } from "./films.js";
import * as taste from "./taste.js";

const PAGE = 30;
const grid = document.getElementById("grid");
const more = document.getElementById("more");
const found = document.getElementById("found");
const field = document.getElementById("search");
let genre = "";
let shown = [];
let total = 0;
let asking = new AbortController();

function draw(from = 0) {
  if (!from) grid.replaceChildren();
  grid.append(...shown.slice(from).map((film) => card(film, taste.kindOf(film.id), taste.say)));
  more.hidden = shown.length >= total;
}

function mark() {
  for (const tile of grid.querySelectorAll(".film")) {
    const kind = taste.kindOf(tile.dataset.id);
    tile.className = kind ? `film is-${kind}` : "film";
    const [like, dislike, seen] = tile.querySelectorAll("button");
    for (const [button, own] of [[like, "like"], [dislike, "dislike"], [seen, "seen"]]) {
      button.setAttribute("aria-pressed", String(kind === own));
    }
  }
}

/** A search is over all films: no genre is chosen meanwhile. */
function release() {
  if (!genre || !field.value.trim()) return;
  genre = "";
  for (const chip of document.querySelectorAll("#genres button")) chip.setAttribute("aria-pressed", "false");
  dispatchEvent(new CustomEvent("genre", { detail: "" }));
}

async function fill(from = 0) {
  release();
  asking.abort();
  asking = new AbortController();
  const query = field.value.trim();
  try {
    const { signal } = asking;
    const page = query ? await api.search(query, PAGE, signal) : await api.films(genre, from, PAGE, signal);
    shown = from ? [...shown, ...page.films] : page.films;
    total = page.total;
    draw(from);
    const first = page.films.length === PAGE ? "the first " : "";
    found.textContent = query ? `${first}${page.films.length} films found` : "";
    if (!shown.length) grid.append(el("li", { class: "nothing" }, "No title comes near to that. Try another spelling."));
  } catch (problem) {
    if (problem.name !== "AbortError") notice(problem.message);
  }
}

function choose(name, chips) {
  genre = name === genre ? "" : name;
  field.value = "";
  for (const chip of chips) chip.setAttribute("aria-pressed", String(chip.dataset.genre === genre));
  dispatchEvent(new CustomEvent("genre", { detail: genre }));
  fill();
}

/** Arrow keys go from poster to poster. */
function walk(event) {
  const posters = [...grid.querySelectorAll(".poster")];
  const at = posters.indexOf(document.activeElement);
  if (at < 0) return;
  const across = posters.filter((poster) => poster.offsetParent && Math.abs(poster.getBoundingClientRect().top - posters[0].getBoundingClientRect().top) < 4).length;
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across }[event.key];
  if (!step || !posters[at + step]) return;
  event.preventDefault();
  posters[at + step].focus();
}

export async function start() {
  let waiting;
  field.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(fill, 90); });
  more.addEventListener("click", () => fill(shown.length));
  grid.addEventListener("keydown", walk);
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.matches("input")) return;
    event.preventDefault();
    field.focus();
  });
  taste.watch(mark);
  const told = await api.genres().catch(() => ({ genres: [] }));
  const chips = told.genres.map(({ name }) => {
    const chip = el("button", { type: "button", "data-genre": name, "aria-pressed": "false" }, name);
    chip.style.setProperty("--h", hue(name));
    return chip;
  });
  chips.forEach((chip) => chip.addEventListener("click", () => choose(chip.dataset.genre, chips)));
  document.getElementById("genres").replaceChildren(...chips);
  await fill();
}

/** A few of the films on the shelf, for those who want to see it work. */
export const some = (count) => [...shown].sort(() => Math.random() - 0.5).slice(0, count);
