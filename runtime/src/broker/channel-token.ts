/** What is needed of a channel: whether it is up, and to hear when it no longer is. */
export interface Channel {
  isUp(): boolean;
  whenDown(tell: () => void): void;
}

/**
 * The token that calls on a channel carry. To find out whose broker listens takes tens of milliseconds (the system's table of
 * sockets is walked), so it is done once for each connection that the channel makes, not once for each call.
 */
export class ChannelToken {
  private known: { readonly value: string | null } | null = null;

  constructor(
    private readonly read: () => string | null,
    private readonly channel: Channel,
  ) {}

  get(): string | null {
    if (this.known !== null) return this.known.value;
    const value = this.read();
    // While it is down, the next connection may be to somebody else.
    if (!this.channel.isUp()) return value;
    this.known = { value };
    this.channel.whenDown(() => {
      this.known = null;
    });
    return value;
  }
}
