import { type Command, Option } from 'commander';
import type { ExitCode } from '../errors/cli-error.js';
import type { Io } from '../output/io.js';

/** `streamlib types` and `streamlib inspect`: what may be written as `node_type`, and what is known of it. */
export function addTypes(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const from = () =>
    new Option('--from <folder>', 'where the manifest lies; packages are found from there').default('.');
  const json = () => new Option('--json', 'print JSON, one line');
  program
    .command('types')
    .description('the node types that a manifest may name, with their ports and parameters')
    .addOption(from())
    .addOption(json())
    .addHelpText('after', '\nExamples:\n  $ streamlib types\n  $ streamlib types --from graphs --json')
    .action(async (options) => {
      const { types } = await import('./types.js');
      done(await types(io, options));
    });
  program
    .command('inspect')
    .description('all that is known of a node type, or of the processors in a Python file')
    .argument('<type>', 'a type that `streamlib types` names, or a file that ends in .py')
    .addOption(from())
    .addOption(json())
    .addHelpText('after', '\nExamples:\n  $ streamlib inspect camera\n  $ streamlib inspect effect.py --json')
    .action(async (what: string, options) => {
      const { inspect } = await import('./inspect.js');
      done(await inspect(io, what, options));
    });
}
