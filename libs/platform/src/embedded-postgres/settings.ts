import { serverName } from './processes';

/** Settings of the embedded server, for a machine of two cores; the caller's own come after them and win. */
export const serverSettings: Readonly<Record<string, string>> = {
  cluster_name: serverName,
  // Only this machine; no unix socket: its path may have 107 bytes at most, and checkouts lie deep.
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',

  // What was acknowledged is on the disk. The event store refuses a server without these.
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',

  // Five services with a pool of ten each, their subscriptions, and room for tools.
  max_connections: '100',
  shared_buffers: '256MB',
  // Equal, so that old WAL files are used again instead of made: p99 at 256 callers from about 50 to 8.5 ms.
  max_wal_size: '1GB',
  min_wal_size: '1GB',
  // Compiling a plan costs more than all our queries take. (TOAST stays pglz: these builds have no lz4.)
  jit: 'off',
  timezone: 'UTC',

  // Files of at most 10 MB in <folder>/log; the launcher keeps the last ten.
  logging_collector: 'on',
  log_directory: '../log',
  log_filename: 'postgres-%Y%m%d-%H%M%S.log',
  log_rotation_size: '10MB',
  log_rotation_age: '0',
  log_timezone: 'UTC',
};
