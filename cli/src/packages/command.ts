import { type Command, Option } from 'commander';
import type { ExitCode } from '../errors/cli-error.js';
import type { Io } from '../output/io.js';

const json = () => new Option('--json', 'print JSON, one line');

/** `streamlib packages …`: what people decide about the packages that code asks for. */
export function addPackages(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const packages = program
    .command('packages')
    .description('the Python packages that processors may import, and requests for more')
    .addHelpText(
      'after',
      `\nExamples:\n  $ streamlib packages pending\n  $ streamlib packages approve scipy\n  $ streamlib packages add-common`,
    );

  packages
    .command('list')
    .description('what is installed; with --requests what was asked for, with --log what happened')
    .option('--requests', 'all requests, with how they ended')
    .option('--log', 'the log')
    .addOption(json())
    .action(async (options) => {
      const { listPackages } = await import('./packages.js');
      done(await listPackages(io, options));
    });

  packages
    .command('environments')
    .description('the Python environments of graphs: sizes, and who uses them')
    .option('--prune', 'remove those that nobody uses')
    .addOption(json())
    .action(async (options) => {
      const { listEnvironments } = await import('./environments.js');
      done(await listEnvironments(io, options));
    });

  packages
    .command('pending')
    .description('requests that wait for your decision')
    .addOption(json())
    .action(async (options) => {
      const { pendingPackages } = await import('./packages.js');
      done(await pendingPackages(io, options));
    });

  packages
    .command('approve')
    .description('grant a request and install it')
    .argument('<package...>', 'names, or ids of requests')
    .addOption(json())
    .action(async (names: string[], options) => {
      const { approvePackages } = await import('./packages.js');
      done(await approvePackages(io, names, options));
    });

  packages
    .command('deny')
    .description('refuse a request')
    .argument('<package>', 'its name, or the id of the request')
    .option('--reason <text>', 'shown to whoever asked', '')
    .addOption(json())
    .action(async (name: string, options) => {
      const { denyPackage } = await import('./packages.js');
      done(await denyPackage(io, name, options));
    });

  packages
    .command('add')
    .description('install packages yourself')
    .argument('<package...>', 'such as scipy or "scipy>=1.10"')
    .addOption(json())
    .action(async (names: string[], options) => {
      const { addPackages: add } = await import('./packages.js');
      done(await add(io, names, options));
    });

  packages
    .command('add-common')
    .description('install numpy, opencv-python-headless, pillow, scipy, scikit-image and onnxruntime')
    .addOption(json())
    .action(async (options) => {
      const { addCommonPackages } = await import('./packages.js');
      done(await addCommonPackages(io, options));
    });
}
