import { describe, expect, it } from 'vitest';
import { checkAddress, helpText, parseOptions } from './options.js';

describe('the options', () => {
  it('have defaults', () => {
    expect(parseOptions([])).toEqual({
      readyFd: null,
      address: null,
      maxConnections: 4096,
      timeoutSecs: 300,
      graceSecs: 60,
      leaseSecs: 15,
      monitorInterval: 30,
      logLevel: 'debug',
    });
  });

  it('are read', () => {
    const args = [
      '--ready-fd',
      '3',
      '--address=127.0.0.1:0',
      '--max-connections',
      '5',
      '--monitor-interval',
      '0.5',
    ];
    expect(parseOptions(args)).toMatchObject({
      readyFd: 3,
      address: '127.0.0.1:0',
      maxConnections: 5,
      monitorInterval: 0.5,
    });
    expect(parseOptions(['-h'])).toBe('help');
    expect(parseOptions(['--version'])).toBe('version');
  });

  it.each([
    [['--fast'], '--fast'],
    [['run'], 'run'],
    [['--max-connections', '0'], '--max-connections must be a whole number from 1 to 100000'],
    [['--max-connections', 'many'], '--max-connections must be a whole number'],
    [['--timeout-secs', '1e9'], '--timeout-secs must be a whole number'],
    [['--monitor-interval', '0'], '--monitor-interval must be a number of seconds'],
    [['--ready-fd', '-1'], '--ready-fd'],
    [['--address', 'here'], '--address must be HOST:PORT or unix:PATH'],
    [['--log-level', 'loud'], '--log-level must be one of trace'],
  ])('refuse %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });

  it('are all in the help', () => {
    for (const name of Object.keys(parseOptions([]))) {
      const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      expect(helpText).toContain(flag);
    }
  });
});

describe('the address', () => {
  it.each(['127.0.0.1:50051', 'localhost:0', '[::1]:1', '127.9.9.9:1', 'unix:/run/user/1/x'])(
    '%s needs no token',
    (address) => {
      expect(() => checkAddress(address, null)).not.toThrow();
    },
  );

  it.each(['0.0.0.0:50051', '[::]:1', 'example:1', '127.0.0.1.example:1'])('%s needs one', (address) => {
    expect(() => checkAddress(address, null)).toThrow('STREAMLIB_BROKER_TOKEN');
    expect(() => checkAddress(address, 'secret')).not.toThrow();
  });
});
