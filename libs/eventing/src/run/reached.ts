// Who waits until something has come to a position.
import { START, type Position } from '../store/port';

export interface Reached {
  readonly position: Position;
  /** It has come so far; whoever waited for no more is told. */
  advance(to: Position): void;
  /** Resolves as soon as it has come to `target`: true; false when it did not within `waitMs`. */
  reached(target: Position, waitMs: number): Promise<boolean>;
  /** Does somebody wait? */
  isAwaited(): boolean;
}

/** `onWait`: somebody begins to. */
export function reached(onWait: () => void = () => undefined): Reached {
  const waiting = new Set<{ readonly target: Position; readonly tell: (isThere: boolean) => void }>();
  let position: Position = START;
  return {
    get position() {
      return position;
    },
    advance(to) {
      position = to;
      for (const it of waiting) if (it.target <= position) it.tell(true);
    },
    reached(target, waitMs) {
      if (target <= position) return Promise.resolve(true);
      return new Promise((resolve) => {
        const it = {
          target,
          tell(isThere: boolean) {
            clearTimeout(timer);
            waiting.delete(it);
            resolve(isThere);
          },
        };
        const timer = setTimeout(() => it.tell(false), waitMs);
        waiting.add(it);
        onWait();
      });
    },
    isAwaited: () => waiting.size > 0,
  };
}
