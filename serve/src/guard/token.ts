import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Where a request carries its token. Not in its address: addresses end up in logs and histories.
 *
 * - `bearer`: `Authorization: Bearer …`, for programs.
 * - `cookie`: for pages that this server serves.
 */
export type TokenCarrier = 'bearer' | { readonly header: string } | { readonly cookie: string };

export interface TokenRule {
  readonly value: string;
  /** Default: `bearer` only. */
  readonly carriers?: readonly TokenCarrier[];
  /** How one gets the token: the end of "Send …". */
  readonly hint?: string;
}

/** By header name in lower case, each with all its values in the order in which they came. */
export type Headers = Readonly<Record<string, readonly string[] | undefined>>;

/** Whether a request has the token. One that carries two is refused, whatever they are: nobody could say which one counts. */
export function hasToken(headers: Headers, { value, carriers = ['bearer'] }: TokenRule): boolean {
  const given = carriers.flatMap((carrier) => tokensIn(headers, carrier));
  const [only] = given;
  return given.length === 1 && only !== undefined && value !== '' && sameSecret(only, value);
}

function tokensIn(headers: Headers, carrier: TokenCarrier): readonly string[] {
  // Another scheme is no token, but counts as one: it is answered with 401 like a wrong one.
  if (carrier === 'bearer')
    return (headers.authorization ?? []).map((header) => /^bearer +(\S+)$/i.exec(header)?.[1] ?? '');
  if ('header' in carrier) return headers[carrier.header.toLowerCase()] ?? [];
  return (headers.cookie ?? [])
    .flatMap((header) => header.split(';'))
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${carrier.cookie}=`))
    .map((pair) => pair.slice(carrier.cookie.length + 1));
}

/** Takes as long whatever is given: digests are compared, so not even the length can be measured. */
export function sameSecret(given: string, wanted: string): boolean {
  return timingSafeEqual(digest(given), digest(wanted));
}

const digest = (text: string) => createHash('sha256').update(text).digest();
