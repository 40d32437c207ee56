const TICK_MS = 200;

/** One look at the loop. */
export interface Tick {
  /** By how much it came too late, in milliseconds: so long the loop was held. */
  readonly lateMs: number;
  /** What the process has used of the processors meanwhile, in milliseconds. */
  readonly cpuMs: number;
}

/** Ticks for as long as something else keeps the process. Returns what ends it. */
export function monitorTick(onTick: (tick: Tick) => void): () => void {
  let last = performance.now();
  let cpu = process.cpuUsage();
  const timer = setInterval(() => {
    const now = performance.now();
    const used = process.cpuUsage(cpu);
    const tick = { lateMs: now - last - TICK_MS, cpuMs: (used.user + used.system) / 1000 };
    last = now;
    cpu = process.cpuUsage();
    onTick(tick);
  }, TICK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
