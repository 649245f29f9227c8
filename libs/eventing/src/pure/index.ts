// All that a page of rules may import of the engine.
export * from './aggregate';
export { keyOf, keys, type KeyState } from './keys';
