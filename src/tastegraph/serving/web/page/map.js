// The map of films: drawn on a canvas, moved by pointer, wheel, two fingers or keys.
import * as api from "./api.js";
import { el, notice } from "./dom.js";
import { actions, called, hue, title } from "./films.js";
import { listed } from "./list.js";
import * as taste from "./taste.js";

const NEAR = 14; // pixels from a film that count as on it
const MOST_ZOOM = 40;
const canvas = document.getElementById("canvas");
const tip = document.getElementById("tip");
const spot = document.getElementById("spot");
const pen = canvas.getContext("2d");
const eye = { x: 0, y: 0, zoom: 1 };
const fingers = new Map();
let films = null;
let genre = "";
let over = null;
let held = false;
let moved = 0;
let drawing = 0;

const size = () => ({ width: canvas.clientWidth, height: canvas.clientHeight });
const scale = () => (Math.min(size().width, size().height) / 2 - 24) * eye.zoom;
const onScreen = (film) => ({ x: size().width / 2 + (film.x - eye.x) * scale(), y: size().height / 2 + (film.y - eye.y) * scale() });

function later() {
  if (!drawing) drawing = requestAnimationFrame(() => { drawing = 0; draw(); });
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const dark = style.colorScheme === "dark";
  return { ink: style.getPropertyValue("--ink"), soft: style.getPropertyValue("--soft"), paper: style.getPropertyValue("--card"), accent: style.getPropertyValue("--accent"), light: dark ? 64 : 46, halo: dark ? "rgb(20 16 22 / 85%)" : "rgb(255 253 250 / 90%)" };
}

function draw() {
  if (!films || !size().width) return;
  const dense = devicePixelRatio || 1;
  const { width, height } = size();
  if (canvas.width !== Math.round(width * dense) || canvas.height !== Math.round(height * dense)) {
    canvas.width = Math.round(width * dense);
    canvas.height = Math.round(height * dense);
  }
  pen.setTransform(dense, 0, 0, dense, 0, 0);
  pen.clearRect(0, 0, width, height);
  const palette = colours();
  const places = new Map(listed().map((film) => [String(film.id), film.rank]));
  const named = [];
  for (let at = films.length - 1; at >= 0; at -= 1) {
    const film = films[at];
    const { x, y } = onScreen(film);
    if (x < -20 || y < -20 || x > width + 20 || y > height + 20) continue;
    const kind = taste.kindOf(film.id);
    const rank = places.get(String(film.id));
    const faint = genre && !film.genres.includes(genre);
    pen.globalAlpha = faint ? 0.13 : kind || rank ? 1 : 0.78;
    pen.fillStyle = `hsl(${hue(film.genres[0])} 62% ${palette.light}%)`;
    pen.beginPath();
    pen.arc(x, y, film.radius * Math.min(1.7, Math.sqrt(eye.zoom)), 0, 2 * Math.PI);
    pen.fill();
    if (kind || rank || (!faint && x > 0 && y > 0 && x < width && y < height)) named.push({ film, x, y, kind, rank, at });
  }
  pen.globalAlpha = 1;
  const weight = ({ kind, rank, film, at }) => (film === over ? 3e6 : kind === "like" ? 2e6 : rank ? 1e6 - rank : -at);
  named.sort((one, other) => weight(other) - weight(one));
  mark(named, palette);
  label(named, palette);
}

function label(named, palette) {
  const taken = [];
  const most = 26 + 12 * eye.zoom;
  let plain = 0;
  for (const { film, x, y, kind, rank } of named) {
    const marked = kind === "like" || rank || film === over;
    if (!marked && plain >= most) break;
    pen.font = `${marked ? 600 : 400} ${marked ? 13 : 12}px Inter, system-ui, sans-serif`;
    const text = title(film).length > 34 ? `${title(film).slice(0, 32)}…` : title(film);
    const wide = pen.measureText(text).width + 6;
    const beside = marked ? 14 : 8;
    const box = { x: x + beside + wide < size().width ? x + beside : x - beside - wide + 6, y: y - 8, width: wide, height: 17 };
    if (taken.some((other) => box.x < other.x + other.width && other.x < box.x + box.width && box.y < other.y + other.height && other.y < box.y + box.height)) continue;
    taken.push(box);
    if (!marked) plain += 1;
    pen.lineWidth = 3.5;
    pen.strokeStyle = palette.halo;
    pen.strokeText(text, box.x, y + 4);
    pen.fillStyle = marked ? palette.ink : palette.soft;
    pen.fillText(text, box.x, y + 4);
  }
}

/** What is on the list, what is liked and what is pointed at; the most important on top. */
function mark(named, palette) {
  for (const { film, x, y, kind, rank } of named.toReversed()) {
    if (rank) ring(x, y, 10, palette.ink, String(rank), palette);
    if (kind === "like") heart(x, y, palette);
    else if (film === over) ring(x, y, 8, palette.accent, "", palette);
  }
}

function ring(x, y, radius, colour, text, palette) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = palette.paper;
  if (text) pen.fill();
  pen.lineWidth = 2;
  pen.strokeStyle = colour;
  pen.stroke();
  if (!text) return;
  pen.fillStyle = colour;
  pen.font = "700 11px Inter, system-ui, sans-serif";
  pen.textAlign = "center";
  pen.fillText(text, x, y + 4);
  pen.textAlign = "left";
}

function heart(x, y, palette) {
  pen.save();
  pen.translate(x, y);
  pen.beginPath();
  pen.moveTo(0, 9);
  pen.bezierCurveTo(-17, -3, -9, -14, 0, -6);
  pen.bezierCurveTo(9, -14, 17, -3, 0, 9);
  pen.fillStyle = palette.accent;
  pen.strokeStyle = palette.paper;
  pen.lineWidth = 3;
  pen.stroke();
  pen.fill();
  pen.restore();
}

function nearest(x, y, reach) {
  let best = null;
  let least = reach * reach;
  for (const film of films ?? []) {
    if (genre && !film.genres.includes(genre)) continue;
    const place = onScreen(film);
    const far = (place.x - x) ** 2 + (place.y - y) ** 2;
    if (far < least) { least = far; best = film; }
  }
  return best;
}

function point(film, hold = false) {
  if (held && !hold && film) return;
  over = film;
  held = hold && Boolean(film);
  tip.hidden = !film;
  tip.classList.toggle("held", held);
  if (film) {
    const parts = [el("b", {}, called(film)), el("span", {}, film.genres.join(" · "))];
    tip.replaceChildren(...parts, ...(held ? [actions(film, taste.say)] : []));
    const { x, y } = onScreen(film);
    const left = Math.min(Math.max(8, x + 16), size().width - tip.offsetWidth - 8);
    tip.style.left = `${left}px`;
    tip.style.top = `${Math.min(y + 16, size().height - tip.offsetHeight - 8)}px`;
  }
  later();
}

function zoom(factor, x = size().width / 2, y = size().height / 2) {
  const before = scale();
  eye.zoom = Math.min(MOST_ZOOM, Math.max(0.7, eye.zoom * factor));
  const grown = 1 / before - 1 / scale();
  eye.x += (x - size().width / 2) * grown;
  eye.y += (y - size().height / 2) * grown;
  point(null);
}

function pan(dx, dy) {
  eye.x = Math.min(1.2, Math.max(-1.2, eye.x - dx / scale()));
  eye.y = Math.min(1.2, Math.max(-1.2, eye.y - dy / scale()));
  later();
}

function whole() {
  Object.assign(eye, { x: 0, y: 0, zoom: 1 });
  point(null);
}

function drag(event) {
  const before = fingers.get(event.pointerId);
  if (!before) {
    if (event.pointerType === "mouse" && !held) point(nearest(event.offsetX, event.offsetY, NEAR));
    return;
  }
  const now = { x: event.offsetX, y: event.offsetY };
  const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
  fingers.set(event.pointerId, now);
  if (others.length) {
    const apart = (place) => Math.hypot(place.x - others[0].x, place.y - others[0].y);
    if (apart(before) > 0) zoom(apart(now) / apart(before), (now.x + others[0].x) / 2, (now.y + others[0].y) / 2);
    moved = NEAR;
    return;
  }
  moved += Math.hypot(now.x - before.x, now.y - before.y);
  if (moved > 4) { if (over) point(null); pan(now.x - before.x, now.y - before.y); }
}

function release(event) {
  fingers.delete(event.pointerId);
  if (moved <= 4 && event.type === "pointerup") { held = false; point(nearest(event.offsetX, event.offsetY, 2 * NEAR), true); }
}

function keys(event) {
  const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
  const factor = { "+": 1.4, "=": 1.4, "-": 1 / 1.4 }[event.key];
  if (steps) pan(...steps);
  else if (factor) zoom(factor);
  else if (event.key === "0") whole();
  else if (event.key === "Enter" && over) taste.say(over, "like");
  else if (event.key === "Escape") point(null);
  else return;
  event.preventDefault();
  if (event.key === "Enter" || event.key === "Escape") return;
  held = false;
  point(nearest(size().width / 2, size().height / 2, 1e4));
  spot.textContent = over ? called(over) : "";
}

export async function show() {
  if (!films) {
    try {
      const told = await api.map();
      films = told.ids.map((id, at) => ({
        id, title: told.titles[at], year: told.years[at], x: told.x[at], y: -told.y[at],
        genres: told.genres[at] === null ? [] : [told.genre_names[told.genres[at]]],
        radius: 1.8 + 3.4 * (1 - at / told.ids.length) ** 2,
      }));
      canvas.dataset.films = films.length;
    } catch (problem) {
      notice(problem.message);
    }
  }
  later();
}

export function start() {
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    if (!fingers.size) moved = 0;
    fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  });
  canvas.addEventListener("pointermove", drag);
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => { if (!held) point(null); });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
  }, { passive: false });
  canvas.addEventListener("keydown", keys);
  document.getElementById("closer").addEventListener("click", () => zoom(1.5));
  document.getElementById("farther").addEventListener("click", () => zoom(1 / 1.5));
  document.getElementById("whole").addEventListener("click", whole);
  addEventListener("genre", (event) => { genre = event.detail; later(); });
  for (const name of ["listed", "themechange"]) addEventListener(name, later);
  taste.watch(() => { if (held) point(null); later(); });
  new ResizeObserver(later).observe(canvas);
}
