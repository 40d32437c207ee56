// What goes into each frame and has to come back.

export const PAGE = 4096;

export const pages = (bytes: number) => Math.ceil(bytes / PAGE);

/** What the host must read when it sent `value`: the worker answers each page with one more. */
export const expectedSum = (value: number, bytes: number) => ((value + 1) & 255) * pages(bytes);
