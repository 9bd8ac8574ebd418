// Guess You Love: asked for anew after every click, places gliding to where they belong.
import * as api from "./api.js";
import { el, icon, notice } from "./dom.js";
import { actions, called, title } from "./films.js";
import * as picker from "./picker.js";
import * as taste from "./taste.js";

const places = document.getElementById("places");
const yours = document.getElementById("yours");
const slider = document.getElementById("surprise");
const told = document.getElementById("told");
let asking = new AbortController();
let current = [];

export const listed = () => current;

function because(film) {
  if (!film.because.length) return null;
  const names = film.because.map((each) => el("em", {}, title(each)));
  return el("p", {}, "because you liked ", ...names.flatMap((name, at) => (at ? [" and ", name] : [name])));
}

function place(film) {
  return el(
    "li",
    { class: "place", "data-id": String(film.id) },
    el("span", { class: "rank" }, String(film.rank)),
    el("div", {}, el("h3", {}, title(film), " ", el("small", {}, film.year ? String(film.year) : "")), el("p", {}, film.genres.slice(0, 4).join(" · ")), because(film)),
    actions(film, taste.say),
  );
}

function glide(before) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const row of places.children) {
    const from = before.get(row.dataset.id);
    const to = row.getBoundingClientRect().top;
    if (from === undefined) row.animate([{ opacity: 0, transform: "translateX(14px)" }, { opacity: 1, transform: "none" }], { duration: 240, easing: "ease-out" });
    else if (from !== to) row.animate([{ transform: `translateY(${from - to}px)` }, { transform: "none" }], { duration: 260, easing: "ease-out" });
  }
}

function show(films) {
  const before = new Map([...places.children].map((row) => [row.dataset.id, row.getBoundingClientRect().top]));
  current = films;
  places.replaceChildren(...films.map(place));
  glide(before);
  told.textContent = films.length ? `First on your list: ${called(films[0])}` : "";
  dispatchEvent(new Event("listed"));
}

function invite() {
  told.textContent = current.length ? "Your list is empty." : "";
  current = [];
  const begin = () => picker.some(3).forEach((film) => taste.say(film, "like"));
  const ask = taste.all().length ? "Like at least one film and the list appears here." : "Like a film and your list appears here.";
  places.replaceChildren(el("li", { class: "empty" }, icon("heart"), el("p", {}, ask), el("button", { type: "button", onclick: begin }, "Pick three for me")));
  dispatchEvent(new Event("listed"));
}

/** Whether the list is still on its way: a click is not kept yet, or what follows from it not shown. */
const busy = (whether) => places.setAttribute("aria-busy", String(whether));

export async function refresh() {
  asking.abort();
  const mine = new AbortController();
  asking = mine;
  busy(true);
  await listedAnew(mine.signal);
  if (asking === mine && taste.allKept()) busy(false);
}

async function listedAnew(signal) {
  if (!taste.likes().length) return invite();
  try {
    const { recommendations } = await api.list(slider.value / 100, signal);
    show(recommendations);
  } catch (problem) {
    if (problem.name === "no-likes") invite();
    else if (problem.name !== "AbortError") notice(problem.message);
  }
  return undefined;
}

function drawYours() {
  const marks = { like: "heart", dislike: "down", seen: "eye" };
  const chips = taste.all().reverse().map(({ film, kind }) =>
    el("button", { type: "button", "aria-label": `Take back: ${called(film)}`, onclick: () => taste.say(film, kind) }, icon(marks[kind], "mark"), el("span", {}, title(film)), icon("cross")));
  if (chips.length > 1) chips.push(el("button", { type: "button", class: "clear", onclick: taste.forget }, "Start over"));
  yours.replaceChildren(...chips);
}

export function start() {
  let waiting;
  const tellSlider = () => slider.setAttribute("aria-valuetext", slider.value === "0" ? "As the model orders them" : `${slider.value} % surprising`);
  tellSlider();
  slider.addEventListener("input", () => { tellSlider(); clearTimeout(waiting); waiting = setTimeout(refresh, 60); });
  taste.watch((kept) => {
    drawYours();
    if (kept) refresh();
    else busy(true);
  });
}
