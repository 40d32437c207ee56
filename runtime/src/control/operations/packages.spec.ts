import { describe, expect, it } from 'vitest';
import { StreamlibError } from '../../base/streamlib-error.js';
import { TooManyRequests } from '../../python/environment/decide.js';
import { toControlError } from '../control-error.js';
import type { ControlContext } from '../operation.js';
import { requestPackage } from './packages.js';

const asked: string[] = [];

function request(version: string | undefined, thrown: Error | null = null) {
  const request = ({ package: name }: { package: string }) => {
    asked.push(name);
    return thrown === null ? Promise.resolve({}) : Promise.reject(thrown);
  };
  const context = { services: { packages: { request } }, origin: 'agent' } as unknown as ControlContext;
  return requestPackage.run(context, {
    package: 'scipy',
    reason: 'to fit',
    ...(version !== undefined && { version }),
  });
}

describe('request_package', () => {
  it('a version that is none, such as "latest", is the mistake of who asks', async () => {
    await expect(request('latest')).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('"latest" is no version range'),
    });
    expect(asked).toEqual([]);
  });

  it('too many open requests are a refusal', async () => {
    await expect(request('>=1', new TooManyRequests(50))).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('50 requests are open already'),
    });
  });

  it('what else is wrong with the packages is no mistake of StreamLib', () => {
    const broken = new StreamlibError('packages', 'requests.json could not be read');
    expect(toControlError(broken)).toMatchObject({ code: 'failed', message: broken.message });
  });
});
