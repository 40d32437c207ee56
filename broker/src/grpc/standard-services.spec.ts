import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type ClientDuplexStream, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { protoPath as healthProto } from 'grpc-health-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openWorld, type World } from '../testing/world.js';

let world: World;

beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

/** A client as any generic tool makes one, from the standard's own .proto file. */
// biome-ignore lint/suspicious/noExplicitAny: built at run time, as such tools do
function standardClient(file: string, path: string): any {
  const root = loadPackageDefinition(loadSync(file, { keepCase: true, defaults: true, enums: String }));
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const service: any = path.split('.').reduce((at: any, name) => at[name], root);
  return new service(world.broker.address, credentials.createInsecure());
}

it('answers the standard health check', async () => {
  const client = standardClient(healthProto, 'grpc.health.v1.Health');
  try {
    for (const service of ['', 'streamlib.broker.v1.BrokerService']) {
      const answer = await new Promise((resolve, reject) =>
        client.check({ service }, (error: unknown, reply: unknown) =>
          error ? reject(error) : resolve(reply),
        ),
      );
      expect(answer).toMatchObject({ status: 'SERVING' });
    }
  } finally {
    client.close();
  }
});

it('describes itself by server reflection', async () => {
  const package_ = createRequire(import.meta.url).resolve('@grpc/reflection/package.json');
  const file = join(dirname(package_), 'build/proto/grpc/reflection/v1/reflection.proto');
  const client = standardClient(file, 'grpc.reflection.v1.ServerReflection');
  const stream: ClientDuplexStream<object, { list_services_response?: { service: { name: string }[] } }> =
    client.serverReflectionInfo();
  try {
    const answered = new Promise<string[]>((resolve, reject) => {
      stream.on('error', reject);
      stream.on('data', (answer) =>
        resolve((answer.list_services_response?.service ?? []).map(({ name }: { name: string }) => name)),
      );
    });
    stream.write({ list_services: '' });
    expect(await answered).toEqual(
      expect.arrayContaining(['streamlib.broker.v1.BrokerService', 'grpc.health.v1.Health']),
    );
    stream.end();
  } finally {
    client.close();
  }
});
