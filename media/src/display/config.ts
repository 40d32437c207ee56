import { network } from '@streamlib/processor';
import { z } from 'zod';

export const displayConfig = z.object({
  /** Where the page is served; 0 takes any free port, and the log says which. */
  port: z.number().int().min(0).max(65535).default(8080),
  /** The address to listen on. Anything but the default shows the picture to other machines too. */
  host: network({ role: 'listen' }).default('127.0.0.1'),
  /** Of the JPEGs that are sent to the page: 1 to 100. */
  quality: z.number().int().min(1).max(100).default(85),
  /** So many pages may watch at once. */
  max_viewers: z.number().int().min(1).max(1000).default(16),
});

export type DisplayConfig = z.infer<typeof displayConfig>;
