import { customAlphabet } from 'nanoid';

// Letters and digits only: an id goes into command lines and environment variables, where a leading dash would be an option.
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** 20 characters, 119 bits: no two are ever the same. */
export const mintId: () => string = customAlphabet(alphabet, 20);
