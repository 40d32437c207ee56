export { CliError, type CliErrorCode, EXIT, type ExitCode } from './errors/cli-error.js';
export { main, runCommand } from './main.js';
export type { Io } from './output/io.js';
