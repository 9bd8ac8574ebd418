// Two small charts, as SVG: bars with intervals, and a curve.
import { svg } from "./dom.js";

const digits = (value) => (Math.abs(value) < 10 ? value.toFixed(4) : value.toFixed(1));

/** Rows of { name, value, low, high, ours }, each a bar. */
export function bars(rows, label) {
  const [width, line, left, right] = [640, 40, 150, 74];
  const most = Math.max(...rows.map((row) => row.high ?? row.value)) || 1;
  const at = (value) => left + (value / most) * (width - left - right);
  const parts = rows.flatMap((row, number) => {
    const y = number * line + 8;
    const whisker = row.low === undefined ? [] : [svg("path", { class: "whisker", d: `M${at(row.low)} ${y + 12}H${at(row.high)}M${at(row.low)} ${y + 7}v10M${at(row.high)} ${y + 7}v10` })];
    return [
      svg("text", { class: "name", x: left - 12, y: y + 17, "text-anchor": "end" }, row.name),
      svg("rect", { class: row.ours ? "bar ours" : "bar", x: left, y, width: Math.max(1, at(row.value) - left), height: 24, rx: 5 }),
      ...whisker,
      svg("text", { class: "name", x: at(row.high ?? row.value) + 10, y: y + 17 }, row.value.toFixed(4)),
    ];
  });
  return svg("svg", { class: "chart", viewBox: `0 0 ${width} ${rows.length * line + 8}`, role: "img", "aria-label": label }, ...parts);
}

/** Points [x, y] joined, with the best one marked. */
export function curve(points, label, best) {
  const [width, height, left, bottom] = [460, 220, 58, 28];
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const [first, last] = [Math.min(...xs), Math.max(...xs)];
  const x = (value) => left + ((value - first) / (last - first || 1)) * (width - left - 14);
  const y = (value) => 12 + ((high - value) / (high - low || 1)) * (height - bottom - 20);
  const ticks = [0, 0.5, 1].map((share) => low + share * (high - low)).flatMap((value) => [
    svg("path", { class: "axis", d: `M${left} ${y(value)}H${width - 14}` }),
    svg("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, digits(value)),
  ]);
  const under = [...new Set([first, Math.round((first + last) / 2), last])].map((value) => svg("text", { x: x(value), y: height - 6, "text-anchor": "middle" }, String(value)));
  const path = points.map(([px, py], number) => `${number ? "L" : "M"}${x(px).toFixed(1)} ${y(py).toFixed(1)}`).join("");
  const chosen = points.find(([px]) => px === best);
  const spot = chosen ? [svg("circle", { class: "spot", cx: x(chosen[0]), cy: y(chosen[1]), r: 6 })] : [];
  return svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, ...ticks, ...under, svg("path", { class: "curve", d: path }), ...spot);
}
