export * from './given';
export * from './postgres';
export * from './services';
