// The rule for subjects of commits. Pure.

/** Git shows that many characters where it shows subjects in a list. */
export const LONGEST_SUBJECT = 72;

export interface Commit {
  readonly hash: string;
  readonly subject: string;
}

/** Commits of `git log --format=%h%x09%s`. */
export function readLog(lines: readonly string[]): Commit[] {
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const [hash = '', ...subject] = line.split('\t');
      return { hash, subject: subject.join('\t') };
    });
}

/** One line for each commit whose subject is too long. Characters are counted, not bytes. */
export function longSubjects(commits: readonly Commit[]): string[] {
  return commits
    .map(({ hash, subject }) => ({ hash, subject, length: [...subject].length }))
    .filter(({ length }) => length > LONGEST_SUBJECT)
    .map(
      ({ hash, subject, length }) =>
        `${hash}: the subject has ${length} characters, ${LONGEST_SUBJECT} at most: ${subject}`,
    );
}
