// What a film is called, and what it looks like: there are no pictures, so each gets a small poster of its own.
import { el, icon } from "./dom.js";

const HUES = {
  Action: 8, Adventure: 28, Animation: 45, "Children's": 52, Children: 52, Comedy: 38, Crime: 350, Documentary: 172, Drama: 262,
  Fantasy: 288, "Film-Noir": 222, Horror: 128, Musical: 322, Mystery: 240, Romance: 338, "Sci-Fi": 198, Thriller: 212, War: 82, Western: 20,
};
const ARTICLE = /^(.+), (The|A|An|Le|La|Les|Il|El|Der|Die|Das)$/i;

export function hue(genre) {
  if (!genre) return 30;
  if (genre in HUES) return HUES[genre];
  return [...genre].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
}

/** "Rock, The" as people say it; the id where there is no title. */
export function title(film) {
  if (film.title === null || film.title === undefined) return String(film.id);
  const found = ARTICLE.exec(film.title);
  return found ? `${found[2]} ${found[1]}` : film.title;
}

export const called = (film) => (film.year ? `${title(film)} (${film.year})` : title(film));

/** From one hue towards another by the shorter way, far enough to be seen and not so far as to be mud. */
function turn(from, to) {
  const way = ((to - from + 540) % 360) - 180;
  return Math.sign(way || -1) * Math.min(70, Math.max(28, Math.abs(way)));
}

export function card(film, kind, say) {
  const name = title(film);
  const seed = [...String(film.id)].reduce((sum, letter) => (sum * 33 + letter.codePointAt(0)) % 9973, 17);
  const poster = el(
    "button",
    { type: "button", class: "poster", "data-shape": seed % 4, "aria-label": `Like ${called(film)}`, "aria-pressed": String(kind === "like"), onclick: () => say(film, "like") },
    el("b", { class: name.length > 26 ? "long" : null }, name),
    el("span", {}, film.year ? String(film.year) : "", el("br"), film.genres.slice(0, 2).join(" · ")),
    el("i", {}, icon("heart")),
  );
  const first = hue(film.genres[0]) + (seed % 25) - 12;
  poster.style.setProperty("--h", first);
  poster.style.setProperty("--h2", first + turn(first, film.genres[1] ? hue(film.genres[1]) : first - 40));
  for (const [at, part] of ["--px", "--py", "--qx", "--qy"].entries()) {
    poster.style.setProperty(part, `${((seed * (at + 3) * 37) % 110) - 40}%`);
  }
  const minor = (other, text, picture) =>
    el("button", { type: "button", "aria-pressed": String(kind === other), "aria-label": `${text}: ${called(film)}`, onclick: () => say(film, other) }, icon(picture), text);
  const made = el(
    "li",
    { class: kind ? `film is-${kind}` : "film", "data-id": String(film.id) },
    poster,
    el("div", { class: "minor" }, minor("dislike", "Nope", "down"), minor("seen", "Seen", "eye")),
  );
  return made;
}

/** The three small buttons of a place, or of a film on the map. */
export function actions(film, say) {
  const button = (kind, text, picture) =>
    el("button", { type: "button", title: text, "aria-label": `${text}: ${called(film)}`, onclick: () => say(film, kind) }, icon(picture));
  return el("div", { class: "act" }, button("like", "Like", "heart"), button("dislike", "Nope", "down"), button("seen", "Seen", "eye"));
}
