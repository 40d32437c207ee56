import { HttpError } from '../errors.js';
import { answersTo, type HostRule, parseHost } from './host.js';
import { type OriginRule, originIsAllowed } from './origin.js';
import { type Headers, hasToken, type TokenRule } from './token.js';

/** Who may use what is mounted. */
export interface GuardRules {
  readonly host: HostRule;
  /** Names that are answered to as well, besides the one that the server listens on. */
  readonly names?: readonly string[];
  readonly origin: OriginRule;
  /** Absent: no token is asked for. */
  readonly token?: TokenRule;
}

/** What of a request decides whether it is answered. */
export interface RequestFacts {
  /** As in the request line. */
  readonly target: string;
  readonly headers: Headers;
}

/** Why a request is not answered; null: it is. No I/O. `listeningOn`: the host that the server was told to listen on. */
export function refusalOf(
  { target, headers }: RequestFacts,
  rules: GuardRules,
  listeningOn: string | null,
): HttpError | null {
  // `GET http://other/ HTTP/1.1` names a host of its own, which would count instead of the header. Only proxies are asked so.
  if (!target.startsWith('/'))
    return badRequest('the request target is not a path', 'Ask for a path, like "/".');
  const { host: hosts = [], origin: origins = [] } = headers;
  if (hosts.length > 1) return badRequest('there are several Host headers', 'Send one.');
  if (origins.length > 1) return badRequest('there are several Origin headers', 'Send one, or none.');
  const header = hosts[0] ?? '';
  const host = parseHost(header);
  if (rules.host !== 'any') {
    const names = [...(rules.names ?? []), ...(listeningOn === null ? [] : [listeningOn])];
    if (host === null || !answersTo(host, rules.host, names)) return wrongHost(rules.host);
  }
  if (!originIsAllowed(origins[0], header, rules.origin))
    return new HttpError(
      403,
      'wrong_origin',
      rules.origin === 'none'
        ? 'web pages are not answered here, only programs'
        : 'web pages of other sites are not answered here',
      'Ask from a program, without an Origin header.',
    );
  if (rules.token === undefined || hasToken(headers, rules.token)) return null;
  return new HttpError(
    401,
    'unauthorized',
    'the token is missing or wrong',
    `Send ${rules.token.hint ?? 'the token as "Authorization: Bearer …"'}.`,
    { headers: { 'www-authenticate': 'Bearer' } },
  );
}

function badRequest(message: string, next: string): HttpError {
  return new HttpError(400, 'bad_request', message, next);
}

function wrongHost(rule: HostRule): HttpError {
  const [answered, next] =
    rule === 'loopback'
      ? ['"localhost", 127.0.0.1 and [::1]', 'Use one of these.']
      : ['IP addresses and "localhost"', 'Use one of these instead of a name.'];
  return new HttpError(403, 'wrong_host', `this server answers only to ${answered}`, next);
}
