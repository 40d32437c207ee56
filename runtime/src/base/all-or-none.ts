/** What all of them come to. The first that fails ends the others, and is thrown once they have ended. */
export async function allOrNone<T extends readonly unknown[]>(
  abort: AbortController,
  works: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  const failures: unknown[] = [];
  await Promise.all(
    works.map((work) =>
      work.catch((error: unknown) => {
        failures.push(error);
        abort.abort();
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
  return (await Promise.all(works)) as unknown as T;
}
