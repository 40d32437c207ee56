import { dirname, resolve } from 'node:path';
import type { ControlApi } from '@streamlib/runtime';
import { CliError, EXIT, type ExitCode } from '../errors/cli-error.js';
import type { Io } from '../output/io.js';
import { indented } from '../output/printable.js';
import { untilInterrupted } from '../signals.js';
import { findRuntime } from './find.js';

export interface McpOptions {
  readonly runtime?: string;
  readonly graph?: string;
  readonly http?: boolean;
  readonly port?: string;
  readonly allow?: readonly string[];
  readonly allowDevice?: readonly string[];
  readonly allowHost?: readonly string[];
}

interface Controlled {
  readonly control: ControlApi;
  readonly close: () => Promise<void>;
}

/** Lets an agent act on a graph: on one that runs, or on one of its own, which ends with it. Standard output is the protocol's. */
export async function mcp(io: Io, options: McpOptions): Promise<ExitCode> {
  const port = Number(options.port ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new CliError('usage', `"${options.port}" is not a port; write a number from 0 to 65535`);
  if (options.runtime !== undefined && options.graph !== undefined)
    throw new CliError(
      'usage',
      '--graph starts a graph and --runtime acts on a running one: give only one of them',
    );
  const { A2aEndpoint, httpToken, makeMcpServer, McpHttpServer, serveStdio, tokenFile, version } =
    await import('@streamlib/mcp');
  const granted = {
    folders: (options.allow ?? ['.']).map((folder) => resolve(folder)),
    ...(options.allowDevice && { devices: options.allowDevice }),
    hosts: (options.allowHost ?? []).map((host) => host.toLowerCase()),
  };
  await untilInterrupted(async (signal) => {
    // What it starts takes a while, and Ctrl-C has to clean that up as well.
    const { control, close } = await controlOf(io, options, signal);
    const make = () => makeMcpServer(control, granted);
    try {
      if (signal.aborted) return;
      if (options.http !== true) return await serveStdio(make(), signal);
      const server = await McpHttpServer.open({
        port,
        token: httpToken(),
        make,
        a2a: (origin) => A2aEndpoint.at(origin, version(), control, granted),
      });
      io.out(server.url);
      io.err(`Other agents find it over A2A at ${new URL(server.url).origin}.`);
      io.err(`Send the token in ${tokenFile()} as "Authorization: Bearer …"; Ctrl-C stops.`);
      await aborted(signal);
      await server.close();
    } finally {
      await close();
    }
  });
  return EXIT.ok;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => signal.addEventListener('abort', () => done(), { once: true }));
}

async function controlOf(io: Io, options: McpOptions, signal: AbortSignal): Promise<Controlled> {
  if (options.runtime !== undefined)
    return { control: await findRuntime(options.runtime), close: () => Promise.resolve() };
  const { ControlServer, openServices, Runtime } = await import('@streamlib/runtime');
  const runtime =
    options.graph === undefined
      ? new Runtime({ name: 'agent', live: true })
      : await Runtime.fromManifest(options.graph, { live: true });
  runtime.on('progress', (message) => io.err(indented(message)));
  const services = await openServices(
    options.graph === undefined ? undefined : dirname(resolve(options.graph)),
  );
  const server = await ControlServer.open(runtime, services);
  const close = async () => {
    await runtime.stop();
    await server.close();
  };
  // Told to stop, it ends what it is starting; `start()` settles then.
  const stop = () => void runtime.stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) return { control: server.control, close };
    await runtime.start();
    // An agent is there, so code will come. What keeps checks from being made is told when one is asked for.
    services.checker?.warm?.().catch(() => {});
  } catch (error) {
    if (signal.aborted) return { control: server.control, close };
    await close();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  return { control: server.control, close };
}
