export interface Sample {
  readonly [name: string]: number | null;
}
export interface Series {
  readonly early: number | null;
  readonly late: number | null;
  readonly limit: number | null;
  readonly ok: boolean;
}
export function judge(
  samples: readonly Readonly<Record<string, unknown>>[],
  latencySlackMs?: number,
): {
  readonly flat: boolean;
  readonly series: Readonly<Record<string, Series>>;
};
