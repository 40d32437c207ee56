/** The six usual symptoms, in the order in which they are looked for. */
export const symptoms = [
  'broker_not_running',
  'runtime_not_found',
  'bridge_not_ready',
  'subprocess_not_responding',
  'endpoint_refused',
  'timeout_waiting_for_client',
] as const;
export type Symptom = (typeof symptoms)[number];

export interface Finding {
  readonly symptom: Symptom;
  /** What is so, and of what. */
  readonly what: string;
  readonly cause: string;
  readonly next: string;
  readonly connectionId: string | null;
  readonly runtimeId: string | null;
}

export function finding(
  symptom: Symptom,
  what: string,
  cause: string,
  next: string,
  of: { readonly connectionId?: string; readonly runtimeId?: string } = {},
): Finding {
  return {
    symptom,
    what,
    cause,
    next,
    connectionId: of.connectionId ?? null,
    runtimeId: of.runtimeId ?? null,
  };
}
