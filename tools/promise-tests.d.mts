export interface PromiseTests {
  readonly file: string;
  readonly promises: readonly string[];
}
export function promiseTests(): readonly PromiseTests[];
