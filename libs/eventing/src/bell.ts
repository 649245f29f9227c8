/** Keeps one ring until somebody listens. */
export class Bell {
  private isRung = false;
  private wake: () => void = () => undefined;

  ring(): void {
    this.isRung = true;
    this.wake();
  }

  /** Returns when it was rung since the last time, or after `ms`, or when the signal aborts. */
  async rung(signal: AbortSignal, ms?: number): Promise<void> {
    if (!this.isRung && !signal.aborted && (ms === undefined || ms > 0)) {
      await new Promise<void>((done) => {
        const finish = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', finish);
          done();
        };
        const timer = ms === undefined ? undefined : setTimeout(finish, ms);
        signal.addEventListener('abort', finish);
        this.wake = finish;
      });
    }
    this.isRung = false;
  }
}
