/**
 * Which web pages may make a request. Browsers name the page's site in `Origin`; programs that are no browser send none.
 *
 * - `any`: not looked at.
 * - `own`: no `Origin`, or this server itself, by the very name and port in the `Host` header.
 * - `none`: no page at all.
 */
export type OriginRule = 'any' | 'own' | 'none';

/** Whether a request with this `Origin` (absent: undefined) to this `Host` may be answered. */
export function originIsAllowed(origin: string | undefined, host: string, rule: OriginRule): boolean {
  if (rule === 'any' || origin === undefined) return true;
  return rule === 'own' && origin.toLowerCase() === `http://${host.toLowerCase()}`;
}
