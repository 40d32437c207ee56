import { expect, it } from 'vitest';
import { LONGEST_SUBJECT, longSubjects, readLog } from './commits.js';

it('names a subject that is too long, and no other', () => {
  const fits = 'ü'.repeat(LONGEST_SUBJECT);
  expect(longSubjects(readLog([`a1\t${fits}`, `b2\t${fits}!`, '']))).toEqual([
    `b2: the subject has 73 characters, 72 at most: ${fits}!`,
  ]);
});

it('keeps a tab that is part of a subject', () => {
  expect(readLog(['a1\tone\ttwo'])).toEqual([{ hash: 'a1', subject: 'one\ttwo' }]);
});
