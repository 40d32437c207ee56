// What is used of zeromq, which only those have who measure it (bench/package.json).
declare module 'zeromq' {
  export class Pair {
    constructor(options: { readonly linger: number });
    readonly closed: boolean;
    bind(address: string): Promise<void>;
    send(message: Buffer): Promise<void>;
    receive(): Promise<Buffer[]>;
    close(): void;
  }
}
