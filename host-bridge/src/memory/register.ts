import { registerFactories } from '../native/addon.js';
import { makeBuffer } from './shared-buffer.js';
import { makeTexture } from './texture.js';

registerFactories(makeTexture, makeBuffer);
