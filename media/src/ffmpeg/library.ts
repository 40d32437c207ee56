import { FFmpegError, Log } from 'node-av';
import { AV_LOG_ERROR } from 'node-av/constants';
import { MediaError, type MediaErrorCode } from '../errors/media-error.js';

const REMEMBERED = 4;
const lastWords: string[] = [];
let listening = false;

/**
 * Takes FFmpeg's log away from stderr, where it would be mixed into the output of whoever runs the graph. Its last errors are
 * kept: "moov atom not found" says more than the code that comes back ("Invalid data found when processing input").
 */
export function listenToFFmpeg(): void {
  if (listening) return;
  listening = true;
  Log.setCallback(
    (_level, message) => {
      lastWords.push(message.trim());
      if (lastWords.length > REMEMBERED) lastWords.shift();
    },
    { maxLevel: AV_LOG_ERROR },
  );
}

/** Called before a step whose errors are to be explained. */
export function forgetWords(): void {
  lastWords.length = 0;
}

/** What FFmpeg said comes through Node's loop, after the result that it is about: to be awaited before it is explained. */
export function wordsHeard(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** FFmpeg's name of an error code, and what it said on the way there. */
export function explain(code: number): string {
  const reason = FFmpegError.strerror(code);
  const words = [...new Set(lastWords)].filter((line) => line !== '' && line !== reason);
  return words.length === 0 ? reason : `${reason} (${words.join('; ')})`;
}

/** Passes a result on, or throws what FFmpeg reported. */
export function check(result: number, doing: string, code: MediaErrorCode = 'unsupported'): number {
  if (result >= 0) return result;
  throw new MediaError(code, `FFmpeg cannot ${doing}: ${explain(result)}`, { cause: errorOf(result) });
}

export function errorOf(result: number): Error | undefined {
  return FFmpegError.fromCode(result) ?? undefined;
}
