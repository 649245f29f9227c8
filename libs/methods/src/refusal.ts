// How a method says no: a refused call, or a list of problems in a policy.

export type MethodRefusalCode =
  | 'not-a-decimal'
  | 'not-whole-minor-units'
  | 'unknown-currency'
  | 'currencies-differ'
  | 'too-many-decimals'
  | 'amount-too-large'
  | 'negative-weight'
  | 'weights-all-zero'
  | 'duplicate-id'
  | 'unsound-model'
  | 'unsound-ladder'
  | 'not-a-number'
  | 'not-an-instant'
  | 'not-a-local-date'
  | 'unknown-zone'
  | 'outside-years-1-to-9999'
  | 'unsound-calendar'
  | 'not-whole-milliseconds'
  | 'not-working-days'
  | 'not-a-share'
  | 'pause-ends-before-it-starts'
  | 'more-than-a-century'
  | 'no-judgement'
  | 'not-one-to-five'
  | 'no-holidays-known';

/** Thrown when a method has no right answer for its input. `code` is stable, `message` says what to do next. */
export class MethodRefused extends Error {
  override readonly name = 'MethodRefused';

  constructor(
    readonly code: MethodRefusalCode,
    message: string,
  ) {
    super(message);
  }
}

/** What is wrong with a policy, and where: `pointer` is a JSON pointer (RFC 6901) into the checked document. */
export type Problem<Code extends string> = { readonly code: Code; readonly pointer: string; readonly message: string };

export const problem = <Code extends string>(code: Code, pointer: string, message: string): Problem<Code> => ({
  code,
  pointer,
  message,
});
