/** A stack's resources as a picture: what needs something stands right of it, and what changes is marked. */
import { kindNameOf } from "../compared.ts";
import { html, shortened } from "../escape.ts";
import type { StackDiff } from "../model.ts";

type Graph = StackDiff["graph"];

interface Placed {
  node: Graph["nodes"][number];
  x: number;
  y: number;
}

const box = { width: 168, height: 36, gapX: 64, gapY: 12 };
/** More would be no picture: then only what changes is drawn, and what is next to it. */
const mostNodes = 120;

export function graphPicture(whole: Graph): string {
  const graph = whole.nodes.length > mostNodes ? around(whole) : whole;
  if (graph.nodes.length === 0) return "";
  const placed = place(graph);
  const width = Math.max(...placed.map(({ x }) => x)) + box.width + 2;
  const height = Math.max(...placed.map(({ y }) => y)) + box.height + 2;
  const lines = graph.edges.flatMap(([from, to]) => line(placed[from], placed[to]));
  return [
    `<svg class="graph" viewBox="-1 -1 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Resources and what they need">`,
    ...lines,
    ...placed.map(drawn),
    "</svg>",
  ].join("\n");
}

/** What changes, and its neighbours; the report may come from elsewhere, so that nothing is taken for granted. */
function around({ nodes, edges }: Graph): Graph {
  const isChanged = (index: number): boolean => nodes[index] !== undefined && nodes[index].kind !== "same";
  const kept = new Set([...nodes.keys()].filter(isChanged));
  for (const [from, to] of edges) if (isChanged(from) || isChanged(to)) kept.add(from).add(to);
  const list = [...kept]
    .filter((index) => index < nodes.length)
    .toSorted((one, other) => one - other)
    .slice(0, mostNodes);
  const position = new Map(list.map((index, at) => [index, at]));
  return {
    nodes: list.flatMap((index) => nodes[index] ?? []),
    edges: edges.flatMap(([from, to]): [number, number][] => {
      const [start, end] = [position.get(from), position.get(to)];
      return start === undefined || end === undefined ? [] : [[start, end]];
    }),
  };
}

/** In columns by how much has to be there before. */
function place({ nodes, edges }: Graph): Placed[] {
  const columns = columnsOf(nodes.length, edges);
  const rows = new Map<number, number>();
  const placed: Placed[] = [];
  const order = [...nodes.keys()].toSorted((one, other) => (columns[one] ?? 0) - (columns[other] ?? 0));
  const height = (index: number): number => {
    const needed = edges.flatMap(([from, to]) => (from === index ? (placed[to]?.y ?? []) : []));
    return needed.length === 0 ? 0 : needed.reduce((sum, y) => sum + y, 0) / needed.length;
  };
  for (const [column, inside] of Map.groupBy(order, (index) => columns[index] ?? 0)) {
    // Next to what they need, so that few lines cross.
    for (const index of inside.toSorted((one, other) => height(one) - height(other))) {
      const node = nodes[index];
      if (node === undefined) continue;
      const row = rows.get(column) ?? 0;
      rows.set(column, row + 1);
      placed[index] = { node, x: column * (box.width + box.gapX), y: row * (box.height + box.gapY) };
    }
  }
  return placed;
}

/** One more than the highest that it needs. In a circle, which there is none of, the counting ends all the same. */
function columnsOf(count: number, edges: Graph["edges"]): number[] {
  const columns = Array.from({ length: count }, () => 0);
  for (let round = 0; round < count; round++) {
    let isSettled = true;
    for (const [from, to] of edges) {
      const least = (columns[to] ?? 0) + 1;
      if (from === to || (columns[from] ?? 0) >= least || least > count) continue;
      columns[from] = least;
      isSettled = false;
    }
    if (isSettled) break;
  }
  return columns;
}

function line(from: Placed | undefined, to: Placed | undefined): string[] {
  if (from === undefined || to === undefined) return [];
  const [x1, y1] = [to.x + box.width, to.y + box.height / 2];
  const [x2, y2] = [from.x, from.y + box.height / 2];
  const bend = Math.max(24, (x2 - x1) / 2);
  const marked = from.node.kind !== "same" && to.node.kind !== "same" ? ' class="marked"' : "";
  return [`<path${marked} d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}"/>`];
}

function drawn({ node, x, y }: Placed): string {
  const { type, name, kind } = node;
  return [
    `<g class="node ${kind}" transform="translate(${x} ${y})">`,
    `<title>${html(`${type} ${name}: ${kind}`)}</title>`,
    `<rect width="${box.width}" height="${box.height}" rx="5"/>`,
    `<text x="8" y="14" class="type">${html(shortened(kindNameOf(type), 24))}</text>`,
    `<text x="8" y="29">${html(shortened(name, 22))}</text>`,
    "</g>",
  ].join("");
}
