// Holds arrows against a declared order, with exceptions that must still be needed.
import { type Arrow, betweenUnits, circles, unitOf } from './graph.js';

/** Imports upward that are still there, each importing file by name. The table of them may only shrink. */
export interface Exception {
  /** Folder of the importing files. */
  readonly from: string;
  /** Folder that they import, although it stands above. */
  readonly to: string;
  /** The importing files, by their names within `from`; a file at the top is named in full. */
  readonly files: readonly string[];
  readonly why: string;
}

export interface Rule {
  /** Folders and top files, the lowest first. Null: only circles are looked for. */
  readonly order: readonly string[] | null;
  readonly exceptions?: readonly Exception[];
  /** Circles of files that are accepted, each with its reason. A circle must lie within one of them. */
  readonly circles?: readonly { readonly files: readonly string[]; readonly why: string }[];
}

/** What is wrong, one line for each finding. `files` are all files, those that import nothing included. */
export function findings(files: readonly string[], arrows: readonly Arrow[], rule: Rule): string[] {
  const exceptions = rule.exceptions ?? [];
  const isExcepted = ({ from, to }: Arrow) =>
    exceptions.some(
      (each) => each.from === unitOf(from) && each.to === unitOf(to) && each.files.includes(nameWithin(from)),
    );
  const rest = arrows.filter((arrow) => !isExcepted(arrow));
  return [
    ...(rule.order === null ? [] : misplaced(files, rule.order)),
    ...(rule.order === null ? [] : upward(rest, rule.order)),
    ...staleExceptions(arrows, exceptions),
    ...circleFindings('files', circles(rest), rule.circles ?? []),
    ...(rule.order === null ? [] : circleFindings('folders', circles(betweenUnits(rest)), [])),
  ];
}

const nameWithin = (file: string) => file.slice(file.lastIndexOf('/') + 1);

function misplaced(files: readonly string[], order: readonly string[]): string[] {
  const units = new Set(files.map(unitOf));
  return [
    ...[...units].filter((unit) => !order.includes(unit)).map((unit) => `${unit} has no place in the order`),
    ...order
      .filter((unit) => !units.has(unit))
      .map((unit) => `${unit} stands in the order, but there is no such folder or file`),
  ];
}

function upward(arrows: readonly Arrow[], order: readonly string[]): string[] {
  return arrows
    .filter(({ from, to }) => {
      const [importer, imported] = [order.indexOf(unitOf(from)), order.indexOf(unitOf(to))];
      return importer >= 0 && imported >= 0 && imported > importer;
    })
    .map(
      ({ from, to }) =>
        `${from} imports ${to}, but ${unitOf(to)} stands above ${unitOf(from)}: move what is shared down`,
    );
}

function staleExceptions(arrows: readonly Arrow[], exceptions: readonly Exception[]): string[] {
  return exceptions.flatMap(({ from, to, files }) =>
    files
      .filter(
        (file) =>
          !arrows.some(
            (arrow) =>
              unitOf(arrow.from) === from && nameWithin(arrow.from) === file && unitOf(arrow.to) === to,
          ),
      )
      .map((file) => `the exception for ${from}/${file} -> ${to} is not needed any more: remove it`),
  );
}

function circleFindings(
  what: string,
  found: readonly string[][],
  accepted: readonly { readonly files: readonly string[] }[],
): string[] {
  const within = (circle: readonly string[], files: readonly string[]) =>
    circle.every((file) => files.includes(file));
  return [
    ...found
      .filter((circle) => !accepted.some(({ files }) => within(circle, files)))
      .map((circle) => `a circle of ${what}: ${circle.join(', ')}`),
    ...accepted
      .filter(({ files }) => !found.some((circle) => within(circle, files)))
      .map(
        ({ files }) =>
          `the circle of ${what} ${files.join(', ')} is accepted, but not there any more: remove it`,
      ),
  ];
}
