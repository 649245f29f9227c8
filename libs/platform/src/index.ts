// What services and hosts need of the platform.
export * from './service';
export * from './http/as-of';
export * from './http/item';
export * from './http/list';
export * from './http/problems';
export * from './http/read';
export { Public, Requires } from './http/access';
export { positionToken } from './http/position-token';
export { quote, selectList } from './read-model/ddl';
export type { Reader } from './read-model/reader';
export { Runtime, type RuntimeOptions } from './run/runtime';
export { createApp } from './run/create-app';
