// The engine: commands become facts, facts become rows. No framework in it.
export * from './pure';
export * from './store/port';
export * from './bus/port';
export { logBus } from './bus/log-bus';
export * from './personal/person-keys';
export * from './personal/vault';
export * from './run/cloud-event';
export * from './run/eraser';
export * from './run/feeds';
export * from './run/handle';
export * from './run/history';
export * from './run/occurrence';
export * from './run/projection';
export * from './run/projector';
export * from './run/read-model';
export * from './run/rebuild';
export * from './run/table';
export * from './run/upcast';
