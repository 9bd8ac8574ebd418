// The page of the model: what it was learned from, how it did on held-out data beside the baselines, how it was trained.
import * as api from "./api.js";
import { bars, curve } from "./charts.js";
import { el, notice } from "./dom.js";

const count = (number) => number.toLocaleString("en-US");
const number = (value, text) => el("div", { class: "number" }, el("b", {}, value), el("span", {}, text));

function numbers({ users, items, dimensions, about, result }) {
  const { data } = result;
  const made = [number(count(users), "people learned from"), number(count(items), "films")];
  if (data) made.push(number(count(data.fit?.pairs ?? data.positives), "likes learned from"));
  const layers = about.model?.num_layers ?? "?";
  made.push(number(String(dimensions), `numbers a vector, ${layers} ${layers === 1 ? "layer" : "layers"}`));
  if (result.seconds) made.push(number(`${Math.round(result.seconds.train)} s`, "of training"));
  document.getElementById("numbers").append(...made);
}

/** What stands below, and what does not. */
function standing({ metrics, baselines }) {
  const compared = Object.keys(baselines ?? {}).length > 0;
  const held = `How well it finds films that were held back from it stands below, ${compared ? "beside other models" : "alone: its recipe trains no other model to compare it with"}.`;
  document.getElementById("standing").textContent = metrics?.test ? held : "How well it does is not known here: the model was saved without its run's result.";
}

function rows(result) {
  const parts = { LightGCN: result };
  for (const [name, part] of Object.entries(result.baselines ?? {})) parts[part.title ?? name] = part;
  return Object.entries(parts);
}

function judged(result) {
  if (!result.metrics?.test) return;
  const models = rows(result);
  const names = Object.keys(result.metrics.test);
  const main = names.find((name) => name.startsWith("ndcg")) ?? names[0];
  const best = (name) => Math.max(...models.map(([, part]) => part.metrics.test[name]));
  const shown = models.map(([name, part]) => {
    const [low, high] = part.intervals?.test?.[main] ?? [];
    return { name, value: part.metrics.test[main], low, high, ours: name === "LightGCN" };
  }).sort((one, other) => other.value - one.value);
  const head = el("tr", {}, el("th", { scope: "col" }, "Metric"), ...models.map(([name]) => el("th", { scope: "col" }, name)));
  const lines = names.map((name) => el("tr", {}, el("td", {}, name), ...models.map(([, part]) => {
    const value = part.metrics.test[name];
    return el("td", { class: models.length > 1 && value === best(name) ? "best" : null }, value.toFixed(4));
  })));
  const protocol = `Test part, protocol ${result.protocol}: every film is ranked for ${count(result.users?.test ?? 0)} people. Higher is better; whiskers are 95 % intervals over people.`;
  document.getElementById("judged").append(
    el("h2", {}, "Films held back, found again"),
    el("p", { class: "lead" }, protocol),
    el("div", { class: "panel" }, el("h3", {}, main), bars(shown, `${main}: ${shown.map((row) => `${row.name} ${row.value.toFixed(4)}`).join(", ")}`)),
    el("h2", {}, "All metrics"),
    el("div", { class: "panel", tabindex: "0", role: "region", "aria-label": "All metrics" }, el("table", {}, el("thead", {}, head), el("tbody", {}, ...lines))),
  );
}

function learned(epochs, bestEpoch) {
  const chosen = epochs.filter((line) => (line.stage ?? "select") === "select");
  if (chosen.length < 2) return;
  const panels = [el("div", { class: "panel" }, el("h3", {}, "Loss by epoch"), curve(chosen.map((line) => [line.epoch, line.loss]), "Loss by epoch, falling", null))];
  const validated = chosen.filter((line) => Object.keys(line.validation ?? {}).length);
  const metric = validated.length > 1 && (Object.keys(validated[0].validation).find((name) => name.startsWith("ndcg")) ?? Object.keys(validated[0].validation)[0]);
  if (metric) panels.push(el("div", { class: "panel" }, el("h3", {}, `Validation ${metric}; the epoch that is kept is marked`), curve(validated.map((line) => [line.epoch, line.validation[metric]]), `Validation ${metric} by epoch`, bestEpoch)));
  document.getElementById("learned").append(el("h2", {}, "How it learned"), el("div", { class: "pair" }, ...panels));
}

function settings({ about, result, model }) {
  const lines = Object.entries({ version: model, data: about.data?.name, "best epoch": about.best_epoch ?? result.best_epoch, ...about.model })
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name.replaceAll("_", " ")), el("td", {}, Array.isArray(value) ? value.join(", ") : String(value))));
  document.getElementById("settings").append(el("h2", {}, "Settings"), el("div", { class: "panel", tabindex: "0", role: "region", "aria-label": "Settings" }, el("table", {}, el("tbody", {}, ...lines))));
}

try {
  const told = await api.model();
  standing(told.result);
  numbers(told);
  judged(told.result);
  learned(told.epochs, told.result.best_epoch);
  settings(told);
} catch (problem) {
  notice(problem.message);
}
