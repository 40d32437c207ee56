// What goes into each frame and has to come back.

export const PAGE = 4096;

/** @param {number} bytes */
export const pages = (bytes) => Math.ceil(bytes / PAGE);

/** What the host must read when it sent `value`: the worker answers each page with one more. @param {number} value @param {number} bytes */
export const expectedSum = (value, bytes) => ((value + 1) & 255) * pages(bytes);
