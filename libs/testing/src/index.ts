export * from './given';
export * from './host';
export * from './pace';
export * from './postgres';
export * from './services';
