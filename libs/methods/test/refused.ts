import type { MethodRefusalCode } from '../src/refusal';

/** For `toThrow`: a refusal with this code, and a message that says something. */
export const refused = (code: MethodRefusalCode) =>
  expect.objectContaining({ name: 'MethodRefused', code, message: expect.stringMatching(/\S/) });
