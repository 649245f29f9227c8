/** Why the embedded Postgres can not be had; each message says what to do next. */
export type EmbeddedPostgresCode =
  | 'no-binaries'
  | 'root-refused'
  | 'folder-in-use'
  | 'foreign-server'
  | 'not-our-folder'
  | 'other-version'
  | 'bad-password'
  | 'wrong-password'
  | 'init-failed'
  | 'start-failed';

export class EmbeddedPostgresError extends Error {
  constructor(
    readonly code: EmbeddedPostgresCode,
    message: string,
  ) {
    super(message);
    this.name = 'EmbeddedPostgresError';
  }
}
