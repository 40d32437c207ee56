import { expect, it, vi } from 'vitest';
import { type Connection, connectEndpoint, Listener } from '../index.js';
import { DescriptorLimit } from '../testing/descriptors.js';

it.runIf(process.platform === 'linux')(
  'a listener without descriptors says so once, lets the loop rest, and takes in who waited',
  async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const descriptors = new DescriptorLimit();
    const listener = Listener.anonymous();
    const accepted: Connection[] = [];
    const endpoint = listener.endpoint();
    const peer = connectEndpoint(endpoint);
    try {
      const before = performance.eventLoopUtilization();
      await descriptors.starve(async () => {
        listener.onConnection = (connection) => accepted.push(connection);
        await expect.poll(() => warn.mock.calls.length, { interval: 50 }).toBe(1);
        // Long enough for three attempts.
        await new Promise((resolve) => setTimeout(resolve, 350));
      });
      const { active } = performance.eventLoopUtilization(before);
      expect(active).toBeLessThan(200);
      expect(String(warn.mock.calls[0]?.[0])).toMatch(
        /Connections have to wait: .*cannot accept a connection/,
      );
      await expect.poll(() => accepted.length).toBe(1);
      expect(warn).toHaveBeenCalledTimes(1);
    } finally {
      descriptors.close();
      for (const one of [peer, ...accepted]) one.close();
      endpoint.close();
      listener.close();
      warn.mockRestore();
    }
  },
);
