/** What a producer writes into, besides what its readers hold. */
const OWN = 4;
export const USUAL_SLOTS = 16;
/** Pictures are large. With readers that hold more than this, those that are slow lose what they have queued. */
const MOST = 64;

/** What one reader may ask to keep: with four slots in a segment, what a channel takes in. */
export const MOST_KEPT = 200;

/** How many slots a pool may have whose frames go to these outputs' readers, so that one which hangs starves nobody. */
export function slotsFor(
  outputs: readonly { readonly holds: number; readonly keeps?: number | undefined }[],
): number {
  const held = outputs.reduce((sum, { holds }) => sum + holds, OWN);
  const kept = outputs.reduce((sum, { keeps = 0 }) => sum + keeps, 0);
  return Math.min(MOST, Math.max(USUAL_SLOTS, held)) + kept;
}
