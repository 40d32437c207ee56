import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRequest, sizeOf } from './messages.js';

/** What the core's decoder can give: any control value, with the words that mean something more often than chance has them. */
const text = fc.oneof(
  fc.string(),
  fc.constantFrom('store_endpoint', 'get_endpoint', 'abc', '../x', '', 'a'.repeat(129), 'é', '\u0000'),
);
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.bigInt(),
    fc.uint8Array({ maxLength: 16 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
  ),
})).value;
const key = fc.oneof(
  fc.constantFrom('type', 'connection_id', '__proto__', 'constructor'),
  fc.string({ maxLength: 20 }),
);
const message = fc.dictionary(key, value, { maxKeys: 12 });

describe('what a peer of the relay may send', () => {
  it('is a request that keeps to the form, or a sentence on how it breaks it', () => {
    fc.assert(
      fc.property(message, fc.boolean(), (sent, hasEndpoint) => {
        const request = parseRequest(sent as never, hasEndpoint);
        if (typeof request === 'string') {
          expect(request.length).toBeGreaterThan(10);
          expect(request.length).toBeLessThan(400);
          return;
        }
        expect(request.connectionId).toMatch(/^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$/);
        expect(request.type === 'store_endpoint').toBe(hasEndpoint);
        expect(Object.keys(sent).length).toBeLessThanOrEqual(8);
      }),
      { numRuns: Number(process.env.STREAMLIB_FUZZ_RUNS ?? 2_000) },
    );
  });

  it('is refused for each way to break the form, and taken if it keeps to it', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$/);
    fc.assert(
      fc.property(id, (connectionId) => {
        const get = { type: 'get_endpoint', connection_id: connectionId };
        expect(parseRequest(get, false)).toEqual({ type: 'get_endpoint', connectionId });
        expect(parseRequest(get, true)).toBe('get_endpoint with a handle');
        expect(parseRequest({ ...get, type: 'store_endpoint' }, false)).toBe(
          'store_endpoint without an endpoint',
        );
        expect(parseRequest({ ...get, more: {} }, false)).toContain('not a plain value');
      }),
    );
  });

  it('has a size that nothing it holds escapes', () => {
    fc.assert(
      fc.property(message, fc.string(), (sent, more) => {
        const size = sizeOf(sent as never);
        expect(size).toBeGreaterThan(0);
        expect(sizeOf({ ...sent, [`${Object.keys(sent).join('')}x`]: more } as never)).toBeGreaterThanOrEqual(
          size + more.length,
        );
      }),
    );
  });
});
