export class Recent {
  constructor(capacity: number);
  readonly values: readonly number[];
  add(value: number): void;
  percentile(share: number): number | null;
}

export class Rate {
  mark(now: number): void;
  perSecond(now: number): number;
}

export class FarClock {
  learn(sent: number, received: number, farNs: bigint): void;
  since(timestampNs: bigint, now: number): number | null;
}
