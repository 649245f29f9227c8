// What the engine tells of its work, to whoever in this process listens: by channels of Node, so that no constructor is handed a
// listener, and so that it costs a few nanoseconds while there is none. Nothing that is told has an id or a value in it.
import { channel } from 'node:diagnostics_channel';

/** What became of a command. `repeated`: it was stored before, and answered once more. */
export type CommandOutcome = 'appended' | 'unchanged' | 'repeated' | 'refused' | 'conflict' | 'invalid' | 'forbidden' | 'failed';
export type Retried = 'append' | 'command' | 'projection' | 'reaction' | 'relay' | 'inbox';

export interface Tidings<T> {
  tell(it: T): void;
  /** Until what it returns is called. A listener must not throw: Node would end the process. */
  listen(listener: (it: T) => void): () => void;
}

function tidings<T>(name: string): Tidings<T> {
  const it = channel(`kams:${name}`);
  return {
    tell: (message) => it.publish(message),
    listen(listener) {
      const hear = (message: unknown) => listener(message as T);
      it.subscribe(hear);
      return () => void it.unsubscribe(hear);
    },
  };
}

/** One call of the store: how many events it was to append, and how long it took, whatever came of it. */
export const appends = tidings<{ readonly events: number; readonly seconds: number }>('append');
/** Others were faster with the stream that a command was about to append to. */
export const conflicts = tidings<undefined>('conflict');
export const commands = tidings<{
  readonly contract: string;
  /** Undefined where it named none that there is. */
  readonly command: string | undefined;
  readonly outcome: CommandOutcome;
}>('command');
/** Something failed that may succeed later, and is about to be tried again. */
export const retries = tidings<Retried>('retry');
