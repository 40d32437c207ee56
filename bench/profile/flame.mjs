// A flame graph: who called whom upwards, the share of the time sideways.

/** @typedef {{ name: string, samples: number, children: Map<string, Node> }} Node */

const WIDTH = 1000;
const ROW = 16;
const TOP = 30;
/** Narrower than this nothing can be read or pointed at. */
const LEAST = 1.5;

/** @param {readonly import('./fold.mjs').Stack[]} stacks @param {string} title */
export function flameGraph(stacks, title) {
  const root = tree(stacks);
  const rows = depth(root, root.samples) - 1;
  const height = TOP + rows * ROW + 8;
  /** @type {string[]} */
  const boxes = [];
  /** @param {Node} node @param {number} x @param {number} level */
  const draw = (node, x, level) => {
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

/** @param {Node} node @param {number} x @param {number} y @param {number} width @param {number} all */
function box(node, x, y, width, all) {
  const share = ((node.samples / all) * 100).toFixed(1);
  const letters = Math.floor((width - 4) / 5.6);
  const label = letters >= 3 ? node.name.slice(0, letters) : '';
  const text =
    label && `<text x="${(x + 2).toFixed(1)}" y="${y + 11}" fill="#1f2328">${escaped(label)}</text>`;
  return `<g><title>${escaped(node.name)}: ${share} %</title><rect x="${x.toFixed(1)}" y="${y}" width="${(width - 0.5).toFixed(1)}" height="${ROW - 1}" fill="${colour(node.name)}"/>${text}</g>`;
}

/** The same function has the same colour in every graph. @param {string} name */
function colour(name) {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 997;
  return `hsl(${15 + (hash % 35)} ${70 + (hash % 20)}% ${68 + (hash % 12)}%)`;
}

/** @param {readonly import('./fold.mjs').Stack[]} stacks */
function tree(stacks) {
  /** @type {Node} */
  const root = { name: '', samples: 0, children: new Map() };
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

/** Rows that have anything wide enough to be drawn. @param {Node} node @param {number} all @returns {number} */
function depth(node, all) {
  const drawn = [...node.children.values()].filter((child) => (child.samples / all) * WIDTH >= LEAST);
  return 1 + Math.max(0, ...drawn.map((child) => depth(child, all)));
}

/** @param {string} text */
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
