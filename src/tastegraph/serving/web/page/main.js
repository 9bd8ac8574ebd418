// The page: shelf, list and map, and which of them is seen.
import * as list from "./list.js";
import * as map from "./map.js";
import * as picker from "./picker.js";
import * as taste from "./taste.js";

const stage = document.querySelector(".stage");

function view(name) {
  stage.dataset.view = name;
  const onMap = name === "map";
  document.getElementById("shelf").hidden = onMap;
  document.getElementById("atlas").hidden = !onMap;
  for (const button of document.querySelectorAll(".tabs button")) button.setAttribute("aria-pressed", String(button.dataset.view === name));
  for (const button of document.querySelectorAll(".segments button")) button.setAttribute("aria-pressed", String((button.dataset.show === "map") === onMap));
  if (onMap) map.show();
  scrollTo(0, 0);
}

for (const button of document.querySelectorAll(".tabs button")) button.addEventListener("click", () => view(button.dataset.view));
for (const button of document.querySelectorAll(".segments button")) button.addEventListener("click", () => view(button.dataset.show));
document.getElementById("search").addEventListener("input", () => { if (stage.dataset.view === "map") view("films"); });

list.start();
map.start();
await picker.start();
await taste.recall();
document.addEventListener("visibilitychange", () => { if (!document.hidden) taste.recall(); });
