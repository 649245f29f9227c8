// What a server can do to its clients.

export class Faults {
  /** Appends that are still to be written without an answer. */
  private toLose = 0;
  private frozen = false;
  private readonly waiting: (() => void)[] = [];

  /** It says of every append that it is not ready, and writes nothing. */
  isReady = true;
  /** Before an append is looked at. */
  slowMs = 0;

  /** The next append is written, and its answer never sent. */
  loseAnswer(): void {
    this.toLose++;
  }

  isLost(): boolean {
    if (this.toLose === 0) return false;
    this.toLose--;
    return true;
  }

  /** Connections stay open and nothing moves. */
  freeze(): void {
    this.frozen = true;
  }

  thaw(): void {
    this.frozen = false;
    for (const go of this.waiting.splice(0)) go();
  }

  /** To be awaited before each thing that a server does. */
  async moment(): Promise<void> {
    while (this.frozen) await new Promise<void>((go) => this.waiting.push(go));
  }

  async beforeAppend(): Promise<void> {
    await this.moment();
    if (this.slowMs > 0) await new Promise((done) => setTimeout(done, this.slowMs));
    await this.moment();
  }
}
