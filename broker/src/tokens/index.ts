export { readOrMakeToken } from './token-file.js';
export { type Caller, Tokens } from './tokens.js';
