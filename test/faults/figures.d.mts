export interface CellOutcome {
  readonly cell: string;
  readonly passed: boolean;
}
export interface Figures {
  readonly cells: number;
  readonly passed: number;
  readonly not_tried: number;
  readonly [name: string]: unknown;
}
export function allPassed(cells: readonly CellOutcome[]): boolean;
export function figuresOf(cells: readonly CellOutcome[], notTried: number): Figures;
export function putInto(
  earlier: { readonly outcomes: readonly CellOutcome[]; readonly not_tried?: number },
  cells: readonly CellOutcome[],
  measurements?: Readonly<Record<string, unknown>>,
): Figures & { readonly outcomes: readonly CellOutcome[]; readonly repeated: readonly string[] };
