// Jest's globalTeardown.
export { withdrawPostgres as default } from './jest-postgres-setup';
