export * from './given';
export * from './host';
export * from './postgres';
export * from './services';
