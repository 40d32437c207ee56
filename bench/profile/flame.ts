// A flame graph: who called whom upwards, the share of the time sideways.
import type { Stack } from './fold.js';

export interface Node {
  name: string;
  samples: number;
  children: Map<string, Node>;
}

const WIDTH = 1000;
const ROW = 16;
const TOP = 30;
/** Narrower than this nothing can be read or pointed at. */
const LEAST = 1.5;

export function flameGraph(stacks: readonly Stack[], title: string) {
  const root = tree(stacks);
  const rows = depth(root, root.samples) - 1;
  const height = TOP + rows * ROW + 8;
  const boxes: string[] = [];
  const draw = (node: Node, x: number, level: number) => {
    let at = x;
    for (const child of [...node.children.values()].sort((a, b) => b.samples - a.samples)) {
      const width = (child.samples / root.samples) * WIDTH;
      if (width >= LEAST) {
        boxes.push(box(child, at, height - 8 - (level + 1) * ROW, width, root.samples));
        draw(child, at, level + 1);
      }
      at += width;
    }
  };
  draw(root, 0, 0);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="10">
<title>${escaped(title)}</title>
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="6" y="19" font-size="14" font-weight="600" fill="#1f2328">${escaped(title)}</text>
${boxes.join('\n')}
</svg>
`;
}

function box(node: Node, x: number, y: number, width: number, all: number) {
  const share = ((node.samples / all) * 100).toFixed(1);
  const letters = Math.floor((width - 4) / 5.6);
  const label = letters >= 3 ? node.name.slice(0, letters) : '';
  const text =
    label && `<text x="${(x + 2).toFixed(1)}" y="${y + 11}" fill="#1f2328">${escaped(label)}</text>`;
  return `<g><title>${escaped(node.name)}: ${share} %</title><rect x="${x.toFixed(1)}" y="${y}" width="${(width - 0.5).toFixed(1)}" height="${ROW - 1}" fill="${colour(node.name)}"/>${text}</g>`;
}

/** The same function has the same colour in every graph. */
function colour(name: string) {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 997;
  return `hsl(${15 + (hash % 35)} ${70 + (hash % 20)}% ${68 + (hash % 12)}%)`;
}

function tree(stacks: readonly Stack[]) {
  const root: Node = { name: '', samples: 0, children: new Map() };
  for (const { frames, samples } of stacks) {
    root.samples += samples;
    let node = root;
    for (const name of frames) {
      let child = node.children.get(name);
      if (!child) {
        child = { name, samples: 0, children: new Map() };
        node.children.set(name, child);
      }
      child.samples += samples;
      node = child;
    }
  }
  return root;
}

/** Rows that have anything wide enough to be drawn. */
function depth(node: Node, all: number): number {
  const drawn = [...node.children.values()].filter((child) => (child.samples / all) * WIDTH >= LEAST);
  return 1 + Math.max(0, ...drawn.map((child) => depth(child, all)));
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
