import { inspect } from 'node:util';

const HIDDEN = '***';

/** A value that no log, error or template shows. Only `reveal()` gives it, so that every use can be found by that word. */
export class Secret<T = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
